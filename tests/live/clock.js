// A clock that a test sets: loaded before n8n, it puts every date ahead by the milliseconds that stand in a file.
const fs = require('node:fs')

const file = fs.openSync(process.env.TEST_CLOCK, 'r')
const buffer = Buffer.alloc(8)
const Real = Date
const realNow = Real.now.bind(Real)
const now = () => {
  fs.readSync(file, buffer, 0, 8, 0)
  return realNow() + Number(buffer.readBigInt64LE())
}
globalThis.Date = new Proxy(Real, {
  construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
