import { buildApp } from './app.js'
import { settingsFrom } from './settings.js'

const settings = settingsFrom(process.env)
const app = buildApp(settings)

// close() lets requests in flight finish and refuses new ones.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    app.log.info({ signal }, 'stopping')
    await app.close()
  })
}

await app.listen({ host: settings.host, port: settings.port })
