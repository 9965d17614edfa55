'use strict';
// Objects that have a class of ours without being made by it, as those of test
// frameworks do: what is a getter or setter otherwise is a member of their own.

function own(object, name, value) {
  Object.defineProperty(object, name,
    { value, writable: true, enumerable: true, configurable: true });
}

// `isMade`: whether an object was made by the class that has this prototype. What only
// shows something stays as it is, whatever the program sets it to.
function allowDoubles(prototype, isMade) {
  for (const [name, accessor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const { get, set } = accessor;
    if (get === undefined) continue;
    Object.defineProperty(prototype, name, {
      ...accessor,
      get() {
        return isMade(this) ? get.call(this) : undefined;
      },
      set(value) {
        if (!isMade(this)) own(this, name, value);
        else set?.call(this, value);
      },
    });
  }
}

module.exports = { allowDoubles };
