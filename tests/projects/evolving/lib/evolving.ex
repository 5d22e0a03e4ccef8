defmodule Evolving do
  def answer, do: Helper.answer()
  def greeting, do: Application.fetch_env!(:evolving, :greeting)
  def linger, do: receive(do: (:end -> :ended))
  def consult(server), do: {:answer, GenServer.call(server, :question, :infinity)}
  def note, do: File.read!(Application.app_dir(:evolving, "priv/note.txt"))
end
