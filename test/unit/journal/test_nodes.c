/* Pages of nodes, made by hand: what LMDB would take for one and what not. */
#include <stdbool.h>

#include "journal/nodes.h"
#include "stores.h"

enum { SIZE = 512, NUMBER = 7, NODES = 3, ROOM_OF_ONE = 8 + 8 + 4 };

static struct {
  union {
    midge_page_head head;
    uint8_t bytes[SIZE];
  };
  midge_nodes nodes;
} page;

static uint16_t *offsets(void) {
  return (uint16_t *)(void *)(&page.head + 1);
}

/* Keys of 8 bytes with 4 bytes of data, from the end of the page on. */
static int make(void **state) {
  (void)state;
  memset(&page, 0, sizeof page);
  page.nodes = (midge_nodes){
      .bytes = page.bytes, .size = SIZE, .is_leaf = true, .count = 0};
  page.head = (midge_page_head){
      .number = NUMBER,
      .flags = MIDGE_PAGE_LEAF,
      .lower = sizeof page.head + NODES * sizeof(uint16_t),
      .upper = SIZE - NODES * ROOM_OF_ONE,
  };
  for (uint8_t i = 0; i < NODES; i++) {
    const midge_node_head head = {.low = 4, .key_size = 8};
    uint16_t at = (uint16_t)(SIZE - (i + 1) * ROOM_OF_ONE);
    offsets()[i] = at;
    memcpy(page.bytes + at, &head, sizeof head);
    memset(page.bytes + at + sizeof head, 'a' + i, 8);
    memset(page.bytes + at + sizeof head + 8, 'A' + i, 4);
  }
  return 0;
}

static bool are_packed(void) {
  uint8_t starts[SIZE / 2];
  return midge_nodes_are_packed(&page.nodes, NUMBER, starts);
}

static void nodes_are_read_in_their_order(void **state) {
  (void)state;
  assert_true(are_packed());
  assert_int_equal(page.nodes.count, NODES);
  for (uint8_t i = 0; i < NODES; i++) {
    midge_packed_node node = midge_nodes_at(&page.nodes, i);
    assert_int_equal(node.key.size, 8);
    assert_int_equal(node.key.data[7], 'a' + i);
    assert_int_equal(node.size, 4);
    assert_int_equal(node.data[3], 'A' + i);
  }
}

static void a_node_that_no_offset_names_is_one_too_many(void **state) {
  (void)state;
  page.head.lower -= (uint16_t)sizeof(uint16_t);
  assert_false(are_packed());
}

static void a_node_that_two_offsets_name_is_missing_elsewhere(void **state) {
  (void)state;
  offsets()[2] = offsets()[1];
  assert_false(are_packed());
}

static void an_offset_names_the_beginning_of_a_node(void **state) {
  (void)state;
  uint16_t offset = offsets()[1];
  const uint16_t others[] = {
      0, 1, (uint16_t)(offset + 1), (uint16_t)(offset + 2), SIZE, UINT16_MAX};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    offsets()[1] = others[i];
    assert_false(are_packed());
  }
  offsets()[1] = offset;
  assert_true(are_packed());
}

static void a_page_without_nodes_is_packed(void **state) {
  (void)state;
  page.head.lower = sizeof page.head;
  page.head.upper = SIZE;
  assert_true(are_packed());
  assert_int_equal(page.nodes.count, 0);
  page.head.upper = SIZE + 2;
  assert_false(are_packed());
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, make)
  const struct CMUnitTest tests[] = {
      TEST(nodes_are_read_in_their_order),
      TEST(a_node_that_no_offset_names_is_one_too_many),
      TEST(a_node_that_two_offsets_name_is_missing_elsewhere),
      TEST(an_offset_names_the_beginning_of_a_node),
      TEST(a_page_without_nodes_is_packed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
