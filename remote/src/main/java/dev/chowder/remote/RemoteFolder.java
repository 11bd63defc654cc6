package dev.chowder.remote;

import com.google.protobuf.ByteString;
import dev.chowder.engine.v1.DeleteEntryRequest;
import dev.chowder.engine.v1.Folder;
import dev.chowder.engine.v1.HomeServiceGrpc.HomeServiceBlockingV2Stub;
import dev.chowder.engine.v1.ListFolderRequest;
import dev.chowder.engine.v1.MakeFolderRequest;
import dev.chowder.engine.v1.MoveEntryRequest;
import dev.chowder.engine.v1.ReadFolderFileRequest;
import dev.chowder.engine.v1.ReadTreeRequest;
import dev.chowder.engine.v1.TreeEnd;
import dev.chowder.engine.v1.WriteFolderFileRequest;
import dev.chowder.engine.v1.WriteTreeRequest;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Accesses a folder of a home volume by an engine in another process. If the caller's own code
 * throws, the call is cancelled, which the engine takes as an incomplete request.
 */
final class RemoteFolder implements HomeFolder {
  private final EngineConnection connection;
  private final HomeServiceBlockingV2Stub stub;
  private final Folder folder;
  private final String where;

  RemoteFolder(
      EngineConnection connection, HomeServiceBlockingV2Stub stub, SandboxId id, FilePath folder) {
    this.connection = connection;
    this.stub = stub;
    this.folder = EngineMessages.folder(id, folder);
    this.where = " of " + id;
  }

  @Override
  public Listing list(FilePath path, String after, int limit, int most) {
    var request =
        ListFolderRequest.newBuilder()
            .setFolder(folder)
            .setPath(path.toString())
            .setAfter(after)
            .setPageSize(limit)
            .setMaxEntries(most)
            .build();
    List<Entry> entries = new ArrayList<>();
    try (var stream = connection.open("list a folder" + where, () -> stub.listFolder(request))) {
      while (true) {
        var part = stream.readNext(callTimeout());
        var some = part.getEntriesList();
        // An empty part that is not the last one makes no progress.
        if (entries.size() + some.size() > limit || (some.isEmpty() && !part.hasEnd())) {
          throw stream.unexpected();
        }
        for (var entry : some) entries.add(translated(stream, entry));
        if (part.hasEnd()) {
          stream.awaitEnd(callTimeout());
          return new Listing(entries, part.getEnd().getAfter(), part.getEnd().getOmitted());
        }
      }
    }
  }

  @Override
  public void read(FilePath file, long most, Reader reader) {
    try (var stream = connection.open("read a file" + where, stub::readFolderFile)) {
      var start =
          ReadFolderFileRequest.Start.newBuilder()
              .setFolder(folder)
              .setPath(file.toString())
              .setMaxBytes(most);
      stream.send(ReadFolderFileRequest.newBuilder().setStart(start).build());
      var first = stream.readNext(callTimeout());
      if (!first.hasEntry()) throw stream.unexpected();
      var part = reader.begin(translated(stream, first.getEntry()));
      var range =
          ReadFolderFileRequest.Range.newBuilder()
              .setOffset(part.offset())
              .setLength(part.length());
      stream.send(ReadFolderFileRequest.newBuilder().setRange(range).build());
      stream.endRequests();
      long left = part.length();
      for (var next = stream.read(); next.isPresent(); next = stream.read()) {
        var content = next.get().getContent();
        left -= content.size();
        if (left < 0) throw stream.unexpected();
        reader.content(content);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public long write(Content content) {
    try (var stream = connection.open("write a file" + where, stub::writeFolderFile)) {
      stream.send(WriteFolderFileRequest.newBuilder().setStart(folder).build());
      var to =
          Chunks.stream(
              chunk -> stream.send(WriteFolderFileRequest.newBuilder().setContent(chunk).build()));
      var path = content.writeTo(to);
      to.flush();
      stream.send(WriteFolderFileRequest.newBuilder().setPath(path.toString()).build());
      stream.endRequests();
      return stream.readLast(callTimeout()).getSizeBytes();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public void move(FilePath source, FilePath destination, boolean overwrite) {
    var request =
        MoveEntryRequest.newBuilder()
            .setFolder(folder)
            .setSource(source.toString())
            .setDestination(destination.toString())
            .setOverwrite(overwrite)
            .build();
    connection.call("move a file" + where, stub, homes -> homes.moveEntry(request));
  }

  @Override
  public void delete(FilePath path, boolean recursive) {
    var request =
        DeleteEntryRequest.newBuilder()
            .setFolder(folder)
            .setPath(path.toString())
            .setRecursive(recursive)
            .build();
    connection.call("delete a file" + where, stub, homes -> homes.deleteEntry(request));
  }

  @Override
  public void makeFolder(FilePath path) {
    var request = MakeFolderRequest.newBuilder().setFolder(folder).setPath(path.toString()).build();
    connection.call("create a folder" + where, stub, homes -> homes.makeFolder(request));
  }

  @Override
  public Count readTree(Tree to) {
    var request = ReadTreeRequest.newBuilder().setFolder(folder).build();
    try (var stream = connection.open("read the files" + where, () -> stub.readTree(request))) {
      while (true) {
        var part = stream.readNext(connection.settings().stallTimeout());
        switch (part.getPartCase()) {
          case ENTRY -> to.entry(translated(stream, part.getEntry()));
          case CONTENT -> to.content(part.getContent());
          case COUNT -> {
            stream.awaitEnd(callTimeout());
            return EngineMessages.fromWire(part.getCount());
          }
          case PART_NOT_SET -> throw stream.unexpected();
        }
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public Count writeTree(TreeContent from) {
    try (var stream = connection.open("write the files" + where, stub::writeTree)) {
      stream.send(WriteTreeRequest.newBuilder().setStart(folder).build());
      from.writeTo(
          new Tree() {
            @Override
            public void entry(Entry entry) {
              stream.send(
                  WriteTreeRequest.newBuilder().setEntry(EngineMessages.toWire(entry)).build());
            }

            @Override
            public void content(ByteString bytes) throws IOException {
              Chunks.send(
                  bytes,
                  chunk -> stream.send(WriteTreeRequest.newBuilder().setContent(chunk).build()));
            }
          });
      stream.send(WriteTreeRequest.newBuilder().setEnd(TreeEnd.getDefaultInstance()).build());
      stream.endRequests();
      return EngineMessages.fromWire(stream.readLast(callTimeout()));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Entry translated(ClientStream<?, ?> stream, dev.chowder.engine.v1.Entry entry) {
    return stream.translated(() -> EngineMessages.fromWire(entry));
  }

  private Duration callTimeout() {
    return connection.settings().callTimeout();
  }
}
