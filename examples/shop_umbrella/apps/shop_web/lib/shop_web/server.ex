defmodule ShopWeb.Server do
  @moduledoc """
  A small HTTP server on OTP's own sockets: one process accepts, one serves each connection.
  """
  use GenServer
  require Logger

  @options [:binary, packet: :http_bin, active: false, reuseaddr: true, backlog: 128]
  @patience 200

  def start_link(port), do: GenServer.start_link(__MODULE__, port, name: __MODULE__)

  @impl true
  def init(port) do
    case :gen_tcp.listen(port, @options) do
      {:ok, listener} ->
        Logger.info("the shop is open on port #{port}")
        {:ok, listener, {:continue, :accept}}

      {:error, reason} ->
        {:stop, "port #{port}: #{:inet.format_error(reason)}"}
    end
  end

  @impl true
  def handle_continue(:accept, listener) do
    Task.Supervisor.start_child(ShopWeb.Connections, __MODULE__, :accept, [listener],
      restart: :permanent
    )

    {:noreply, listener}
  end

  @doc false
  # A hot upgrade loads new code; a process that calls a function by its whole name goes on in it. This one does so
  # several times a second, so that it never stays in code that is about to be purged.
  def accept(listener) do
    case :gen_tcp.accept(listener, @patience) do
      {:ok, socket} ->
        {:ok, pid} = Task.Supervisor.start_child(ShopWeb.Connections, __MODULE__, :serve, [socket])
        _ = :gen_tcp.controlling_process(socket, pid)
        __MODULE__.accept(listener)

      {:error, :timeout} ->
        __MODULE__.accept(listener)

      # The server has stopped.
      {:error, :closed} ->
        :ok
    end
  end

  @doc false
  def serve(socket) do
    with {:ok, {:http_request, method, {:abs_path, path}, _version}} <-
           :gen_tcp.recv(socket, 0, 5_000),
         :ok <- skip_headers(socket) do
      {status, type, body} = ShopWeb.Pages.respond(method, path)
      :gen_tcp.send(socket, response(status, type, body))
    end

    :gen_tcp.close(socket)
  end

  defp skip_headers(socket) do
    case :gen_tcp.recv(socket, 0, 5_000) do
      {:ok, {:http_header, _, _, _, _}} -> skip_headers(socket)
      {:ok, :http_eoh} -> :ok
      other -> other
    end
  end

  defp response(status, type, body) do
    [
      "HTTP/1.1 #{status}\r\n",
      "content-type: #{type}\r\n",
      "content-length: #{byte_size(body)}\r\n",
      "connection: close\r\n\r\n",
      body
    ]
  end
end
