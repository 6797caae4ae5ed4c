# frozen_string_literal: true

require "minitest/autorun"
require "rack/test"
require "socket"
require "stringio"

require_relative "../lib/details"

# Stands in for the outside book service: answers each request with what the block gives for it.
class FakeBookService
  attr_reader :requests

  # reply:: called with the text of a request; returns status, body, and the lines of headers of its own
  def initialize(tls: nil, &reply)
    @requests = Queue.new
    @tcp = TCPServer.new("127.0.0.1", 0)
    @server = tls ? OpenSSL::SSL::SSLServer.new(@tcp, tls) : @tcp
    @thread = Thread.new { loop { serve(reply) } }
  end

  def port = @tcp.addr[1]

  def stop
    @thread.kill.join
    @tcp.close
  end

  private

  def serve(reply)
    socket = @server.accept
    request = socket.gets("\r\n\r\n")
    @requests << request
    status, body, *headers = reply.call(request)
    headers.push("content-length: #{body.bytesize}", "connection: close")
    socket.write("HTTP/1.1 #{status} Status\r\n#{headers.join("\r\n")}\r\n\r\n#{body}")
  rescue OpenSSL::SSL::SSLError
    # A caller that does not trust us leaves in the middle of the handshake.
  ensure
    socket&.close
  end
end

# A certificate for localhost that signs itself.
class SelfSigned
  def initialize
    @key = OpenSSL::PKey::EC.generate("prime256v1")
    @certificate = OpenSSL::X509::Certificate.new.tap do |made|
      made.version = 2
      made.serial = 1
      made.subject = made.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
      made.public_key = @key
      made.not_before = Time.now - 60
      made.not_after = Time.now + 3600
      made.add_extension(OpenSSL::X509::ExtensionFactory.new.create_extension("subjectAltName", "DNS:localhost"))
      made.sign(@key, OpenSSL::Digest.new("SHA256"))
    end
  end

  def pem = @certificate.to_pem

  # What a server needs.
  def context = OpenSSL::SSL::SSLContext.new.tap { |made| made.add_certificate(@certificate, @key) }
end
