package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Tests the server's own settings of the log; tests of other classes use different ones. */
class LogSettingsTest {
  @Test
  void aStartDoesNotWarnOfTheVersionThatCannotBeChanged() throws JoranException {
    var context = new LoggerContext();
    var configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(
        Objects.requireNonNull(LogSettingsTest.class.getResource("/logback.xml")));
    assertThat(context.getLogger("org.apache.pekko.util.ManifestInfo").isWarnEnabled()).isFalse();
    assertThat(context.getLogger("org.apache.pekko.actor").isWarnEnabled()).isTrue();
    context.stop();
  }
}
