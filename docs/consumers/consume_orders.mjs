// Adds up what each account has ordered, from the topic `orders`, with @platformatic/kafka: node consume_orders.mjs STATE_FILE
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

const file = process.argv[2]
const env = process.env
const protocol = env.ORDERCAST_KAFKA_SECURITY_PROTOCOL ?? 'SASL_SSL'
const signs = { 'ordercast.order.placed.v1': 1, 'ordercast.order.cancelled.v1': -1 }
const empty = { positions: {}, streams: {}, quantities: {}, gaps: [] }
const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : empty

// Counts a record once: repeats are known by their number, and a missing number by the next one.
function apply ({ partition, offset, headers, value }) {
  state.positions[partition] = Number(offset) + 1
  const stream = `${partition} ${headers.get('ce_producer')}`
  const number = Number(headers.get('ce_sequence'))
  const last = state.streams[stream] ?? 0
  // A replay is of a record that Ordercast's own worker refused, and that was read here.
  if (number <= last || headers.get('ce_producer').startsWith('replay:')) return
  state.streams[stream] = number
  if (number > last + 1 && headers.get('ce_numbering') === 'dense') {
    state.gaps.push(`${stream}: ${last + 1} to ${number - 1}`)
    console.error('gap', state.gaps.at(-1))
  }
  const sign = signs[headers.get('ce_type')]
  if (sign === undefined) return // types that it does not know are passed over
  const event = JSON.parse(value)
  const pieces = event.items.reduce((sum, item) => sum + sign * item.quantity, 0)
  state.quantities[event.account_id] = (state.quantities[event.account_id] ?? 0) + pieces
}

// Position and result in one step: after a kill either both are there or neither.
function save () {
  const fresh = openSync(`${file}.new`, 'w')
  writeSync(fresh, JSON.stringify(state))
  fsyncSync(fresh)
  closeSync(fresh)
  renameSync(`${file}.new`, file)
}

const consumer = new Consumer({
  groupId: 'shop-totals',
  groupInstanceId: 'shop-totals-0', // of this process: after a kill it takes its own place again, without waiting
  bootstrapBrokers: env.ORDERCAST_KAFKA_BOOTSTRAP.split(','),
  sasl: { mechanism: 'SCRAM-SHA-512', username: env.ORDERCAST_KAFKA_USERNAME, password: env.ORDERCAST_KAFKA_PASSWORD },
  tls: protocol === 'SASL_SSL' ? { ca: env.ORDERCAST_KAFKA_CA && readFileSync(env.ORDERCAST_KAFKA_CA) } : undefined,
  deserializers: stringDeserializers
})
const { topics } = await consumer.metadata({ topics: ['orders'] })
const offsets = Array.from({ length: topics.get('orders').partitionsCount }, (_, partition) => (
  { topic: 'orders', partition, offset: BigInt(state.positions[partition] ?? 0) }
))
const stream = await consumer.consume({ topics: ['orders'], autocommit: false, mode: 'manual', offsets })
for await (const message of stream) {
  apply(message)
  if (stream.readableLength === 0) save()
}
