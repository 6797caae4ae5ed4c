import Fastify from 'fastify'

import { drainOnClose, patientConnections } from './connections.js'
import { loggerOptions, RequestLog } from './logging.js'
import { memoryStore } from './stores/memory.js'
import { Unavailable } from './unavailable.js'

/** Requests in flight may take this long after SIGTERM, in milliseconds: longer than the 7 s of v-delayed. */
const GRACE = 8000

const productParams = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[0-9]{1,9}$' } }
}

/**
 * Builds the service without listening, so that tests can inject requests.
 *
 * @param {import('./settings.js').Settings} settings
 * @param {object} [parts]
 * @param {import('./stores/memory.js').Store} [parts.store] where stars are kept
 * @param {import('./faults.js').Fault[]} [parts.faults] what goes wrong on purpose
 * @param {import('node:stream').Writable} [parts.logStream] where the log goes instead of standard output
 * @param {number} [parts.grace] milliseconds that requests in flight may take once it closes
 */
export function buildApp (settings, { store = memoryStore(), faults = [], logStream, grace = GRACE } = {}) {
  const signature = {
    'x-served-by': settings.pod,
    'x-served-workload': settings.workload,
    'x-served-version': settings.version
  }
  const app = Fastify({
    ...patientConnections,
    logger: { ...loggerOptions(settings), stream: logStream },
    logController: new RequestLog(),
    requestIdHeader: 'x-request-id',
    return503OnClosing: false, // what still arrives on an open connection while we stop is answered
    frameworkErrors (error, request, reply) { // a URL that no hook and no route gets to see
      reply.headers(signature).code(error.statusCode).send({ error: error.message })
    }
  })
  drainOnClose(app, { grace })
  app.addHook('onClose', async () => store.close())

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(signature)
  })

  // About this process alone: were it about the database as well, an outage would take every pod out of the Service,
  // and callers would find nobody instead of an answer that says what is wrong.
  app.get('/health', async () => ({ status: 'ok' }))

  app.get('/ratings/:id', { schema: { params: productParams } }, async (request, reply) => {
    for (const fault of faults) await fault()
    const id = Number(request.params.id)
    const ratings = await store.ratingsOf(id)
    if (ratings === undefined) {
      return reply.code(404).send({ error: `no product ${id}` })
    }
    return { id, ratings }
  })

  app.setNotFoundHandler(async (request, reply) => {
    return reply.code(404).send({ error: `no such path: ${request.url}` })
  })

  app.setErrorHandler(async (error, request, reply) => {
    if (error.validation) {
      return reply.code(400).send({ error: `please provide a product number, not ${request.params.id}` })
    }
    if (error instanceof Unavailable) {
      if (error.cause) request.log.warn({ err: error.cause }, error.message)
      return reply.code(503).send({ error: error.message })
    }
    if (error.statusCode < 500) {
      return reply.code(error.statusCode).send({ error: error.message })
    }
    request.log.error({ err: error }, 'request failed')
    return reply.code(500).send({ error: 'internal error' })
  })

  return app
}
