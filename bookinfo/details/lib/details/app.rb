# frozen_string_literal: true

module Details
  # A request that cannot be answered as asked; its message is meant for the caller.
  class Refusal < Sinatra::Error
    attr_reader :http_status

    def initialize(http_status, message)
      super(message)
      @http_status = http_status
    end
  end

  # The HTTP side of the service. Every reply is JSON, whatever goes wrong.
  class App < Sinatra::Base
    configure do
      set :environment, :production
      disable :static, :sessions, :logging, :dump_errors, :show_exceptions, :raise_errors
    end

    # catalogue:: finds the details of a book by its number
    def initialize(app = nil, logger:, catalogue: Catalogue)
      super(app)
      @logger = logger
      @catalogue = catalogue
    end

    get "/health" do
      json status: "ok"
    end

    get "/details/:id" do |id|
      raise Refusal.new(400, "please provide a product number, not #{id.scrub}") unless product_number?(id)

      json @catalogue.find(id.to_i, Forwarded.from(env)) || raise(Refusal.new(404, "no product #{id}"))
    end

    error Refusal do |refusal|
      json error: refusal.message
    end

    error BookService::Unavailable do |unavailable|
      status 503
      json error: unavailable.message
    end

    error Sinatra::NotFound do
      json error: "no such path: #{request.path_info}"
    end

    error Sinatra::BadRequest do
      json error: "bad request"
    end

    error do |thrown|
      @logger.error("request failed", error: thrown.full_message(highlight: false))
      json error: "internal error"
    end

    private

    def product_number?(text) = text.valid_encoding? && text.match?(/\A\d{1,9}\z/)

    def json(fields)
      content_type :json
      JSON.generate(fields)
    end
  end
end
