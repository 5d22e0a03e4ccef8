defmodule Phoenix.Endpoint do
  @moduledoc "Listens when it is told to serve, and answers with the digested style sheet."
  use GenServer

  defmacro __using__(options) do
    quote do
      def child_spec(_) do
        %{id: __MODULE__, start: {Phoenix.Endpoint, :start_link, [unquote(options)[:otp_app], __MODULE__]}}
      end
    end
  end

  def start_link(app, endpoint) do
    config = Application.fetch_env!(app, endpoint)
    serves = Keyword.get_lazy(config, :server, fn -> Application.get_env(:phoenix, :serve_endpoints, false) end)
    if serves, do: GenServer.start_link(__MODULE__, {app, config[:port]}), else: :ignore
  end

  @impl true
  def init({app, port}) do
    {:ok, listener} = :gen_tcp.listen(port, [:binary, packet: :line, active: false, reuseaddr: true])
    spawn_link(fn -> serve(listener, app) end)
    {:ok, listener}
  end

  defp serve(listener, app) do
    {:ok, socket} = :gen_tcp.accept(listener)
    if read_request(socket) == :ok, do: answer(socket, app)
    :gen_tcp.close(socket)
    serve(listener, app)
  end

  defp answer(socket, app) do
    body = File.read!(Application.app_dir(app, "priv/static/cache_manifest.json"))
    :gen_tcp.send(socket, "HTTP/1.0 200 OK\r\ncontent-length: #{byte_size(body)}\r\n\r\n" <> body)
  end

  # A connection that is closed before all has been read is reset, and the answer lost.
  defp read_request(socket) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, "\r\n"} -> :ok
      {:ok, _line} -> read_request(socket)
      {:error, reason} -> reason
    end
  end
end
