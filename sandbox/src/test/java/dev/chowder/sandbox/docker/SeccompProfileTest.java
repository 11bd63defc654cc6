package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeccompProfileTest {
  @TempDir Path folder;

  @Test
  void theProfileAllowsListedCallsAndNoneThatExposesWeakPartsOfTheKernel() throws IOException {
    JsonNode profile = new ObjectMapper().readTree(SeccompProfile.of(""));
    assertThat(profile.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
    Set<String> allowed = new HashSet<>();
    for (JsonNode rule : profile.path("syscalls")) {
      if (!rule.path("action").asText().equals("SCMP_ACT_ALLOW")) continue;
      rule.path("names").forEach(name -> allowed.add(name.asText()));
    }
    assertThat(allowed)
        .contains("read", "openat", "futex", "execve", "clone", "socket", "epoll_wait")
        .doesNotContain(
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "keyctl",
            "add_key",
            "request_key",
            "userfaultfd",
            "socketcall",
            "bpf",
            "mount",
            "unshare",
            "setns",
            "perf_event_open",
            "open_by_handle_at",
            "kexec_load",
            "init_module");
  }

  @Test
  void anOperatorCanSetAnotherProfileOrNone() throws IOException {
    assertThat(SeccompProfile.of("unconfined")).isEqualTo("unconfined");
    Path file = folder.resolve("profile.json");
    Files.writeString(file, "{ \"defaultAction\":\n \"SCMP_ACT_ALLOW\" }");
    assertThat(SeccompProfile.of(file.toString()))
        .isEqualTo("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
    Files.writeString(file, "{");
    for (String wrong : new String[] {file.toString(), folder.resolve("missing").toString()}) {
      assertThatThrownBy(() -> SeccompProfile.of(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("chowder.sandbox.docker.seccomp-profile: ")
          .hasMessageContaining(wrong);
    }
  }
}
