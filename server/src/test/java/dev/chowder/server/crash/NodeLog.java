package dev.chowder.server.crash;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * The last lines that nodes in this process have logged. Printed only if a test fails: each death
 * of a node logs hundreds of failures.
 */
final class NodeLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private static final int LINES_KEPT = 2000;

  private record Line(long number, String text) {}

  private final Deque<Line> lines = new ArrayDeque<>();
  private final List<Appender<ILoggingEvent>> others = new ArrayList<>();
  private long written;

  private NodeLog() {}

  /** Replaces all other logs until it is closed. */
  static NodeLog attach() {
    var log = new NodeLog();
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    log.setContext(context);
    log.start();
    var root = root();
    root.iteratorForAppenders().forEachRemaining(log.others::add);
    log.others.forEach(root::detachAppender);
    root.addAppender(log);
    context.getLogger("dev.chowder").setLevel(Level.INFO);
    return log;
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  @Override
  protected void append(ILoggingEvent event) {
    var text = event.getLevel() + " " + event.getLoggerName() + " " + event.getFormattedMessage();
    var thrown = event.getThrowableProxy();
    if (thrown != null) text += "\n" + ThrowableProxyUtil.asString(thrown);
    synchronized (lines) {
      if (lines.size() == LINES_KEPT) lines.removeFirst();
      lines.addLast(new Line(written++, text));
    }
  }

  /** Returns the number of the next line. */
  long mark() {
    synchronized (lines) {
      return written;
    }
  }

  /** Returns the last lines since this one, also those of other nodes. */
  String since(long mark) {
    synchronized (lines) {
      return String.join(
          "\n", lines.stream().filter(line -> line.number() >= mark).map(Line::text).toList());
    }
  }

  @Override
  public void close() {
    var root = root();
    root.detachAppender(this);
    others.forEach(root::addAppender);
    ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger("dev.chowder").setLevel(null);
    stop();
  }
}
