import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { buildApp } from '../src/app.js'
import { settingsFrom } from '../src/settings.js'

/** After this many milliseconds, Envoy closes a connection that nobody uses. */
const ENVOY_IDLE = 3_600_000

const settings = settingsFrom({ HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent' })

/** A connection of its own, as a sidecar's pool keeps them. */
function connection (t, port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return async (path) => {
    const [reply] = await once(request({ host: '127.0.0.1', port, path, agent }).end(), 'response')
    return { status: reply.statusCode, headers: reply.headers, body: await text(reply) }
  }
}

/** A store that says when it is asked, and answers when it is told to. */
function slowStore () {
  const asked = deferred()
  const answer = deferred()
  return {
    asked: asked.promise,
    answer: () => answer.resolve({ Reviewer1: 5 }),
    ratingsOf () {
      asked.resolve()
      return answer.promise
    },
    async close () {}
  }
}

function deferred () {
  const parts = {}
  parts.promise = new Promise((resolve) => { parts.resolve = resolve })
  return parts
}

test('idle connections, used or not, stay for longer than those of Envoy', async (t) => {
  const app = buildApp(settings)
  t.after(() => app.close())
  assert.ok(app.server.keepAliveTimeout > ENVOY_IDLE)
  assert.ok(app.server.headersTimeout > ENVOY_IDLE)
})

test('open connections are answered while a request is in flight', async (t) => {
  const store = slowStore()
  const app = buildApp(settings, { store })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address()
  const idle = connection(t, port)
  const busy = connection(t, port)
  await idle('/health')
  const inFlight = busy('/ratings/0')
  await store.asked

  const closed = app.close()
  const late = await idle('/health')
  assert.equal(late.status, 200)
  assert.equal(late.headers.connection, 'close')

  store.answer()
  const last = await inFlight
  assert.equal(last.status, 200)
  assert.equal(last.headers.connection, 'close')
  await closed
})

test('a request that outlasts the grace does not keep the server', async (t) => {
  const store = slowStore()
  const app = buildApp(settings, { store, grace: 50 })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const inFlight = connection(t, app.server.address().port)('/ratings/0')
  const failed = assert.rejects(inFlight)
  await store.asked
  await app.close()
  await failed
})

test('SIGTERM ends the process with status 0, idle connections notwithstanding', async (t) => {
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '0' }
  const child = spawn(process.execPath, ['src/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  const [, port] = JSON.parse(line).message.match(/:(\d+)$/)
  await connection(t, port)('/ratings/0')
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('a setting that cannot be used is one line on standard error, not a stack', async () => {
  const env = { ...process.env, DB_TYPE: 'mongodb' }
  const child = spawn(process.execPath, ['src/main.js'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.equal(said, 'DB_TYPE: mysql, not mongodb\n')
  assert.equal(status, 1)
})
