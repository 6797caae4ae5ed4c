# frozen_string_literal: true

require "json"
require "net/http"
require "zlib"

module Details
  # A catalogue that asks a book service outside the mesh, in the format of Google Books' volumes.
  #
  # Trusts the system's certificates (+SSL_CERT_FILE+ names others), and goes straight to the service: what a proxy
  # would be for is what the mesh shows here.
  class BookService
    # It did not answer in time, or not with a book; the message is meant for the caller.
    class Unavailable < StandardError; end

    ISBN = { 0 => "0486424618" }.freeze
    LANGUAGES = { "en" => "English" }.freeze
    TYPES = { "BOOK" => "paperback" }.freeze

    # What stops a call on its way: no name, no route, no peer, no handshake, no HTTP.
    FAILURES = [SystemCallError, IOError, SocketError, OpenSSL::SSL::SSLError, Net::ProtocolError,
                Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError].freeze

    def initialize(settings, logger:)
      @uri = settings.uri
      @timeout = settings.timeout
      @logger = logger
    end

    # The details of one book, or nil for a book that nobody knows.
    #
    # forwarded:: headers to carry on
    def find(id, forwarded = {})
      isbn = ISBN[id]
      return unless isbn

      volume = volumes(isbn, forwarded).first
      volume && book(id, volume)
    end

    private

    def volumes(isbn, forwarded)
      reply = get(isbn, forwarded)
      unavailable("answered #{reply.code}") unless reply.is_a?(Net::HTTPOK)
      body = reply.body.dup.force_encoding(Encoding::UTF_8)
      found = JSON.parse(body) if body.valid_encoding?
      unavailable("answered with something that is not its JSON") unless found.is_a?(Hash)
      Array(found["items"]).filter_map { |item| item["volumeInfo"] if item.is_a?(Hash) }.grep(Hash)
    rescue JSON::ParserError
      unavailable("answered with something that is not its JSON")
    end

    def get(isbn, forwarded)
      # The third argument is the proxy: none, whatever the environment says.
      http = Net::HTTP.new(@uri.host, @uri.port, nil)
      http.use_ssl = @uri.is_a?(URI::HTTPS)
      http.open_timeout = http.read_timeout = http.write_timeout = @timeout
      http.max_retries = 0
      path = @uri.path.empty? ? "/" : @uri.path
      http.get("#{path}?q=isbn:#{isbn}", { "accept" => "application/json" }.merge(forwarded))
    rescue Timeout::Error => e
      unavailable("gave no answer within #{@timeout} s", e)
    rescue Zlib::Error => e
      unavailable("answered with something that cannot be unpacked", e)
    rescue *FAILURES => e
      unavailable("could not be reached", e)
    end

    def unavailable(what, thrown = nil)
      @logger.error("book service unavailable", error: thrown ? "#{thrown.class}: #{thrown.message}" : what)
      raise Unavailable, "book service #{what}"
    end

    def book(id, volume)
      {
        id: id,
        author: Array(volume["authors"]).first,
        year: volume["publishedDate"],
        type: TYPES.fetch(volume["printType"], "unknown"),
        pages: volume["pageCount"],
        publisher: volume["publisher"],
        language: LANGUAGES.fetch(volume["language"], "unknown"),
        "ISBN-10": identifier(volume, "ISBN_10"),
        "ISBN-13": identifier(volume, "ISBN_13")
      }.compact
    end

    def identifier(volume, type)
      Array(volume["industryIdentifiers"]).grep(Hash).find { |each| each["type"] == type }&.fetch("identifier", nil)
    end
  end
end
