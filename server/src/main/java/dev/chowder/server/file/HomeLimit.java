package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.error.ApiError;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the writes of callers within the limit of a home volume, whether the agent runs or not. A
 * measurement takes half a second, so a home is measured once this node has written a part of the
 * limit since the last time. A home can exceed its limit by that part.
 */
final class HomeLimit {
  private static final Logger LOG = LoggerFactory.getLogger(HomeLimit.class);
  private static final int PARTS = 64;
  private static final Duration REMEMBERED = Duration.ofDays(1);

  private final Sandboxes sandboxes;
  private final HomeUsage limit;

  /** Bytes that were written since the last measurement. */
  private final Cache<InstanceId, AtomicLong> written =
      Caffeine.newBuilder().expireAfterAccess(REMEMBERED).build();

  HomeLimit(Sandboxes sandboxes, FileSettings settings) {
    this.sandboxes = sandboxes;
    this.limit = new HomeUsage(settings.maxHomeBytes(), settings.maxHomeFiles());
  }

  /** Returns the content, which throws if the home volume of the instance is over its limit. */
  HomeFolder.Content of(InstanceView view, HomeFolder.Content content) {
    return to -> content.writeTo(new Counted(to, view));
  }

  /** Returns the files, which throw if the home volume of the instance is over its limit. */
  HomeFolder.TreeContent ofTree(InstanceView view, HomeFolder.TreeContent from) {
    return to -> from.writeTo(new CountedTree(to, view));
  }

  private void count(InstanceView view, long bytes) {
    if (limit.bytes() == 0) return;
    long part = limit.bytes() / PARTS;
    var since = written.get(view.id(), _ -> new AtomicLong());
    if (since.addAndGet(bytes) <= part) return;
    since.set(0);
    if (fits(view, bytes)) return;
    // The next write is checked as well.
    since.set(part);
    throw ApiError.of(
        Reason.NO_SPACE,
        cannot(
            "write the file",
            "the home volume of the instance has at most "
                + limit.bytes()
                + " bytes and "
                + limit.files()
                + " files",
            "delete some files"));
  }

  private boolean fits(InstanceView view, long bytes) {
    try {
      return sandboxes
          .of(view.id().value(), view.profile().home())
          .measure(limit)
          .map(usage -> new HomeUsage(usage.bytes() + bytes, usage.files()))
          .filter(usage -> usage.exceeds(limit))
          .isEmpty();
    } catch (SandboxException why) {
      // The disk watch measures the home later.
      LOG.warn("instance={} event=home-not-measured: {}", view.id(), why.getMessage());
      return true;
    }
  }

  /** Counts the bytes of a file. */
  private final class Counted extends FilterOutputStream {
    private final InstanceView view;

    Counted(OutputStream to, InstanceView view) {
      super(to);
      this.view = view;
    }

    @Override
    public void write(int one) throws IOException {
      count(view, 1);
      out.write(one);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      count(view, length);
      out.write(bytes, offset, length);
    }
  }

  /** Counts the bytes of many files, and a block of the disk for each. */
  private final class CountedTree implements HomeFolder.Tree {
    private static final int BLOCK_BYTES = 4096;

    private final HomeFolder.Tree to;
    private final InstanceView view;

    CountedTree(HomeFolder.Tree to, InstanceView view) {
      this.to = to;
      this.view = view;
    }

    @Override
    public void entry(HomeFolder.Entry entry) throws IOException {
      count(view, BLOCK_BYTES);
      to.entry(entry);
    }

    @Override
    public void content(ByteString bytes) throws IOException {
      count(view, bytes.size());
      to.content(bytes);
    }
  }
}
