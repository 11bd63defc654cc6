package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import dev.chowder.sandbox.SandboxLogReader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;

/**
 * Reads a container's output line by line. Reads the engine no faster than the reader accepts
 * lines. Does not know their meaning, so the reader must mask secrets.
 */
record DockerLogs(DockerApi engine, DockerSandboxSettings settings) {
  AutoCloseable read(String container, int lines, boolean follow, SandboxLogReader reader) {
    String what = "read the log of container " + container;
    int tail = Math.clamp(lines, 0, settings.maxLogLines());
    LineSplitter splitter = new LineSplitter(settings.logLineBytes(), reader);
    return engine.stream(
        what,
        new DockerStream<Frame>(
                splitter::add,
                why -> {
                  splitter.flush();
                  // The removal of a container whose log is followed is a normal end.
                  reader.onEnd(
                      why.filter(thrown -> !(thrown instanceof NotFoundException))
                          .map(thrown -> engine.translate(what, thrown)));
                })
            .onBegin(reader::onBegin),
        (docker, stream) ->
            docker
                .logContainerCmd(container)
                .withStdOut(true)
                .withStdErr(true)
                .withTail(tail)
                .withFollowStream(follow)
                .exec(stream));
  }

  /** Returns the last bytes of stdout and stderr together, within the timeout of one call. */
  String tail(String container, int maxBytes) {
    String what = "read the output of container " + container;
    Tail tail = new Tail(maxBytes);
    engine.<Frame>read(
        what,
        frame -> tail.add(frame.getPayload()),
        (docker, stream) ->
            docker
                .logContainerCmd(container)
                .withStdOut(true)
                .withStdErr(true)
                .withTail(settings.maxLogLines())
                .exec(stream));
    return tail.text();
  }

  /**
   * Splits frames into lines. A frame may end anywhere, and stdout and stderr are mixed, so each
   * has its own buffer.
   */
  private static final class LineSplitter {
    private final int maxBytes;
    private final SandboxLogReader reader;
    private final Map<StreamType, ByteArrayOutputStream> lines = new EnumMap<>(StreamType.class);

    LineSplitter(int maxBytes, SandboxLogReader reader) {
      this.maxBytes = maxBytes;
      this.reader = reader;
    }

    synchronized void add(Frame frame) {
      ByteArrayOutputStream line =
          lines.computeIfAbsent(frame.getStreamType(), _ -> new ByteArrayOutputStream());
      for (byte next : frame.getPayload()) {
        if (next == '\n') {
          emit(line);
        } else if (line.size() < maxBytes) {
          line.write(next);
        }
      }
    }

    synchronized void flush() {
      for (ByteArrayOutputStream line : lines.values()) {
        if (line.size() > 0) {
          emit(line);
        }
      }
    }

    private void emit(ByteArrayOutputStream line) {
      String text = line.toString(StandardCharsets.UTF_8);
      line.reset();
      reader.onLine(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
    }
  }
}
