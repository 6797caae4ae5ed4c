import { buildApp } from './app.js'
import { faultsOf } from './faults.js'
import { settingsFrom, SettingsError } from './settings.js'
import { databaseStore } from './stores/database.js'
import { memoryStore } from './stores/memory.js'

function settingsOrExit () {
  try {
    return settingsFrom(process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

const settings = settingsOrExit()
const app = buildApp(settings, {
  store: settings.database ? databaseStore(settings.database) : memoryStore(),
  faults: faultsOf(settings.version)
})

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    app.log.info({ signal }, 'draining')
    await app.close()
    process.exit(0)
  })
}

await app.listen({ host: settings.host, port: settings.port })
