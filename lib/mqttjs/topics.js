'use strict';
// Topic filters, judged as MQTT.js judges them: whether + and # stand where
// they may. The rest is the core's to judge.
const { shown } = require('./failures');

function validateTopic(topic) {
  const levels = topic.split('/');
  return levels.every((level, at) => level === '+' ||
    (level === '#' ? at === levels.length - 1 : !/[+#]/.test(level)));
}

// What is wrong: a filter, or that there is none; null when nothing is.
function validateTopics(topics) {
  if (topics.length === 0) return 'empty_topic_list';
  const at = topics.findIndex((topic) => typeof topic !== 'string' || !validateTopic(topic));
  return at < 0 ? null : shown(topics[at]);
}

module.exports = { validateTopic, validateTopics };
