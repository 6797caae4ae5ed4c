# frozen_string_literal: true

require "socket"

module Details
  # What the environment says about this instance.
  #
  # pod:: name of the pod
  # workload:: name of the Deployment, for example +details-v1+
  # version:: version of the service, for example +v1+
  Settings = Data.define(:pod, :workload, :version) do
    def self.from(env)
      version = env.fetch("SERVICE_VERSION", "v1")
      new(
        pod: env.fetch("POD_NAME") { Socket.gethostname },
        workload: env.fetch("SERVICE_WORKLOAD", "details-#{version}"),
        version: version
      )
    end
  end
end
