import Fastify from 'fastify'

import { loggerOptions, RequestLog } from './logging.js'
import { memoryStore } from './store.js'

const productParams = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[0-9]{1,9}$' } }
}

/**
 * Builds the service without listening, so that tests can inject requests.
 *
 * @param {import('./settings.js').Settings} settings
 * @param {object} [parts]
 * @param {import('./store.js').Store} [parts.store] where stars are kept
 * @param {import('node:stream').Writable} [parts.logStream] where the log goes instead of standard output
 */
export function buildApp (settings, { store = memoryStore(), logStream } = {}) {
  const signature = {
    'x-served-by': settings.pod,
    'x-served-workload': settings.workload,
    'x-served-version': settings.version
  }
  const app = Fastify({
    logger: { ...loggerOptions(settings), stream: logStream },
    logController: new RequestLog(),
    requestIdHeader: 'x-request-id',
    return503OnClosing: false, // what still arrives on an open connection while we stop is answered
    frameworkErrors (error, request, reply) { // a URL that no hook and no route gets to see
      reply.headers(signature).code(error.statusCode).send({ error: error.message })
    }
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(signature)
  })

  app.get('/health', async () => ({ status: 'ok' }))

  app.get('/ratings/:id', { schema: { params: productParams } }, async (request, reply) => {
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
    if (error.statusCode < 500) {
      return reply.code(error.statusCode).send({ error: error.message })
    }
    request.log.error({ err: error }, 'request failed')
    return reply.code(500).send({ error: 'internal error' })
  })

  return app
}
