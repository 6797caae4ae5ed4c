# frozen_string_literal: true

require "socket"
require "uri"

module Details
  # A variable that cannot be used; the message begins with its name.
  class SettingsError < StandardError; end

  # What the environment says about this instance.
  #
  # host, port:: what is listened on
  # pod:: name of the pod
  # workload:: name of the Deployment, for example +details-v1+
  # version:: version of the service, for example +v1+
  # book_service:: BookServiceSettings, or nil where the catalogue is our own
  Settings = Data.define(:host, :port, :pod, :workload, :version, :book_service) do
    def self.from(env)
      version = env.fetch("SERVICE_VERSION", "v1")
      new(
        host: env.fetch("HOST", "0.0.0.0"),
        port: Variables.port(env, "PORT", 9080),
        pod: env.fetch("POD_NAME") { Socket.gethostname },
        workload: env.fetch("SERVICE_WORKLOAD", "details-#{version}"),
        version: version,
        book_service: (BookServiceSettings.from(env) if Variables.flag(env, "ENABLE_EXTERNAL_BOOK_SERVICE"))
      )
    end
  end

  # Where the outside book service is and how patient we are with it.
  #
  # uri:: address of its search, without the query
  # timeout:: seconds for a connection to be made, and again for each part of the reply to arrive
  BookServiceSettings = Data.define(:uri, :timeout) do
    def self.from(env)
      uri = Variables.http(env, "BOOK_SERVICE_URL", "https://www.googleapis.com/books/v1/volumes")
      uri = in_the_clear(uri) if Variables.flag(env, "DO_NOT_ENCRYPT")
      new(uri: uri, timeout: Variables.seconds(env, "BOOK_SERVICE_TIMEOUT", 1.5))
    end

    # Plain HTTP, for a mesh that does the encryption on the way: to its own port where the address names none.
    def self.in_the_clear(uri)
      port = uri.port == uri.default_port ? URI::HTTP::DEFAULT_PORT : uri.port
      URI::HTTP.build(host: uri.host, port: port, path: uri.path)
    end
    private_class_method :in_the_clear
  end

  # Reads single variables.
  module Variables
    module_function

    def flag(env, name)
      value = env.fetch(name, "false")
      return value == "true" if %w[true false].include?(value)

      raise SettingsError, "#{name}: true or false, not #{value}"
    end

    def port(env, name, otherwise)
      number = Integer(env.fetch(name, otherwise), exception: false)
      return number if number&.between?(0, 65_535)

      raise SettingsError, "#{name}: a port, not #{env[name]}"
    end

    def seconds(env, name, otherwise)
      number = Float(env.fetch(name, otherwise), exception: false)
      return number if number&.positive? && number <= 60

      raise SettingsError, "#{name}: seconds, at most 60, not #{env[name]}"
    end

    def http(env, name, otherwise)
      uri = URI.parse(env.fetch(name, otherwise))
      raise URI::InvalidURIError unless uri.is_a?(URI::HTTP) && !uri.host.to_s.empty? && uri.query.nil?

      uri
    rescue URI::InvalidURIError
      raise SettingsError, "#{name}: an http or https address without a query, not #{env[name]}"
    end
  end
end
