package dev.chowder.operate.docker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DockerVersionsTest {
  @Test
  void oldVersionsCauseOneLine() {
    assertThat(DockerVersions.warning("20.10.24+dfsg1", "1.1.5+ds1").orElseThrow())
        .startsWith(
            "WARNING: Docker 20.10.24+dfsg1 is below 25.0.2, and runc 1.1.5+ds1 is below 1.1.12, so")
        .doesNotContain("\n");
    assertThat(DockerVersions.warning("28.0.0", "1.1.5").orElseThrow())
        .startsWith("WARNING: runc 1.1.5 is below");
    assertThat(DockerVersions.warning("25.0.1", "1.1.12").orElseThrow())
        .startsWith("WARNING: Docker 25.0.1 is below");
  }

  @Test
  void recentAndUnknownVersionsCauseNone() {
    assertThat(DockerVersions.warning("25.0.2", "1.1.12")).isEmpty();
    assertThat(DockerVersions.warning("100.0.0-rc.1", "1.10.0")).isEmpty();
    assertThat(DockerVersions.warning("dev", "")).isEmpty();
  }
}
