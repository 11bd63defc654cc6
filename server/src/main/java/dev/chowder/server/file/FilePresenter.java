package dev.chowder.server.file;

import dev.chowder.actor.ProtoTime;
import dev.chowder.api.v1.FileEntry;
import dev.chowder.api.v1.ImportFilesResponse;
import dev.chowder.api.v1.ListFilesResponse;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder.Count;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Kind;
import dev.chowder.sandbox.HomeFolder.Listing;

/** Converts files and folders to messages of the API. */
final class FilePresenter {
  private static final String BITS = "rwxrwxrwx";

  private FilePresenter() {}

  static ListFilesResponse listing(FilePath folder, Listing listing) {
    var response =
        ListFilesResponse.newBuilder()
            .setPath(folder.toString())
            .setNextPageToken(listing.after())
            .setOmittedCount(listing.omitted());
    listing.entries().stream().map(FilePresenter::entry).forEach(response::addEntries);
    return response.build();
  }

  static ImportFilesResponse imported(Count count) {
    return ImportFilesResponse.newBuilder()
        .setFileCount(count.files())
        .setFolderCount(count.folders())
        .build();
  }

  private static FileEntry entry(Entry entry) {
    return FileEntry.newBuilder()
        .setName(entry.path().name())
        .setPath(entry.path().toString())
        .setIsDir(entry.kind() == Kind.FOLDER)
        .setSize((double) entry.size())
        .setModTime(ProtoTime.stamp(entry.modified()))
        .setPermissions(permissions(entry))
        .build();
  }

  private static String permissions(Entry entry) {
    var text = new StringBuilder();
    text.append(
        switch (entry.kind()) {
          case FILE -> '-';
          case FOLDER -> 'd';
          case LINK -> 'l';
          case OTHER -> '?';
        });
    for (int at = 0; at < BITS.length(); at++) {
      boolean set = (entry.mode() & (1 << (BITS.length() - 1 - at))) != 0;
      text.append(set ? BITS.charAt(at) : '-');
    }
    return text.toString();
  }
}
