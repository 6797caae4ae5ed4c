import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'

import { buildApp } from '../src/app.js'
import { settingsFrom } from '../src/settings.js'
import { Unavailable } from '../src/unavailable.js'

/** Sends one request and returns the lines it left in the log, parsed. */
async function linesFor (request, parts) {
  const lines = []
  const logStream = new Writable({
    write (chunk, _encoding, done) {
      lines.push(JSON.parse(chunk))
      done()
    }
  })
  const app = buildApp(settingsFrom({ POD_NAME: 'pod-1' }), { ...parts, logStream })
  await app.inject(request)
  await app.close()
  return lines
}

test('a request is one line that names reader and request', async () => {
  const headers = { 'x-request-id': 'r-1', 'end-user': 'jason' }
  const [line, ...rest] = await linesFor({ url: '/ratings/0', headers })
  assert.deepEqual(rest, [])
  assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal(typeof line.seconds, 'number')
  const { level, service, version, pod, message, path, status, request_id: id, end_user: reader } = line
  assert.deepEqual(
    { level, service, version, pod, message, path, status, id, reader },
    {
      level: 'info',
      service: 'ratings',
      version: 'v1',
      pod: 'pod-1',
      message: 'request',
      path: '/ratings/0',
      status: 200,
      id: 'r-1',
      reader: 'jason'
    }
  )
})

test('probes leave no line', async () => {
  assert.deepEqual(await linesFor('/health'), [])
})

test('why the database is unavailable is in the log', async () => {
  const store = {
    async ratingsOf () { throw new Unavailable('away', { cause: new Error('connection refused') }) },
    async close () {}
  }
  const [line] = await linesFor('/ratings/0', { store })
  assert.deepEqual([line.level, line.message, line.err.message], ['warn', 'away', 'connection refused'])
})
