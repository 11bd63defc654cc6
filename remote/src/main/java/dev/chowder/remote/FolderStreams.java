package dev.chowder.remote;

import com.google.protobuf.ByteString;
import dev.chowder.engine.v1.ListFolderRequest;
import dev.chowder.engine.v1.ListFolderResponse;
import dev.chowder.engine.v1.ReadFolderFileRequest;
import dev.chowder.engine.v1.ReadFolderFileResponse;
import dev.chowder.engine.v1.ReadTreeResponse;
import dev.chowder.engine.v1.TreeCount;
import dev.chowder.engine.v1.WriteFolderFileRequest;
import dev.chowder.engine.v1.WriteFolderFileResponse;
import dev.chowder.engine.v1.WriteTreeRequest;
import dev.chowder.remote.EngineErrors.InvalidRequestException;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import java.io.IOException;

/** Connects the streams of calls with the readers and writers of a folder. */
final class FolderStreams {
  /** A limit of the protocol. */
  private static final int LISTED_AT_ONCE = 256;

  private FolderStreams() {}

  static void list(
      HomeFolder folder, ListFolderRequest request, HandlerCall<Void, ListFolderResponse> call)
      throws IOException {
    var listing =
        folder.list(
            FilePath.parse(request.getPath()),
            request.getAfter(),
            request.getPageSize(),
            request.getMaxEntries());
    var all = listing.entries().stream().map(EngineMessages::toWire).toList();
    for (int from = 0; from < all.size(); from += LISTED_AT_ONCE) {
      var some = all.subList(from, Math.min(all.size(), from + LISTED_AT_ONCE));
      call.send(ListFolderResponse.newBuilder().addAllEntries(some).build());
    }
    var end =
        ListFolderResponse.End.newBuilder().setAfter(listing.after()).setOmitted(listing.omitted());
    call.send(ListFolderResponse.newBuilder().setEnd(end).build());
  }

  static void read(
      HomeFolder folder,
      ReadFolderFileRequest.Start start,
      HandlerCall<ReadFolderFileRequest, ReadFolderFileResponse> call) {
    folder.read(
        FilePath.parse(start.getPath()),
        start.getMaxBytes(),
        new HomeFolder.Reader() {
          @Override
          public HomeFolder.Part begin(HomeFolder.Entry file) throws IOException {
            call.send(
                ReadFolderFileResponse.newBuilder().setEntry(EngineMessages.toWire(file)).build());
            var second = call.readNext();
            if (!second.hasRange()) throw new InvalidRequestException("range must come second");
            return new HomeFolder.Part(
                second.getRange().getOffset(), second.getRange().getLength());
          }

          @Override
          public void content(ByteString bytes) throws IOException {
            Chunks.send(
                bytes,
                chunk -> call.send(ReadFolderFileResponse.newBuilder().setContent(chunk).build()));
          }
        });
  }

  static void write(
      HomeFolder folder, HandlerCall<WriteFolderFileRequest, WriteFolderFileResponse> call)
      throws IOException {
    long size =
        folder.write(
            to -> {
              while (true) {
                var part = call.readNext();
                switch (part.getPartCase()) {
                  case CONTENT -> part.getContent().writeTo(to);
                  case PATH -> {
                    return FilePath.parse(part.getPath());
                  }
                  case START, PART_NOT_SET ->
                      throw new InvalidRequestException("content or path must follow");
                }
              }
            });
    call.send(WriteFolderFileResponse.newBuilder().setSizeBytes(size).build());
  }

  static void readTree(HomeFolder folder, HandlerCall<Void, ReadTreeResponse> call)
      throws IOException {
    var count =
        folder.readTree(
            new HomeFolder.Tree() {
              @Override
              public void entry(HomeFolder.Entry entry) throws IOException {
                call.send(
                    ReadTreeResponse.newBuilder().setEntry(EngineMessages.toWire(entry)).build());
              }

              @Override
              public void content(ByteString bytes) throws IOException {
                Chunks.send(
                    bytes,
                    chunk -> call.send(ReadTreeResponse.newBuilder().setContent(chunk).build()));
              }
            });
    call.send(ReadTreeResponse.newBuilder().setCount(EngineMessages.toWire(count)).build());
  }

  static void writeTree(HomeFolder folder, HandlerCall<WriteTreeRequest, TreeCount> call)
      throws IOException {
    var count =
        folder.writeTree(
            to -> {
              while (true) {
                var part = call.readNext();
                switch (part.getPartCase()) {
                  case ENTRY -> to.entry(EngineMessages.fromWire(part.getEntry()));
                  case CONTENT -> to.content(part.getContent());
                  case END -> {
                    return;
                  }
                  case START, PART_NOT_SET ->
                      throw new InvalidRequestException("entry, content or end must follow");
                }
              }
            });
    call.send(EngineMessages.toWire(count));
  }
}
