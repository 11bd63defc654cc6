package dev.chowder.operate.admin.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import org.junit.jupiter.api.Test;

class CallFailureTest {
  @Test
  void aCodeWithoutADescriptionIsEnough() {
    assertThat(CallFailure.of(Status.UNAVAILABLE.asRuntimeException(), 2, 9091))
        .hasMessageContaining("of node 2: UNAVAILABLE;");
    var described = Status.UNAVAILABLE.withDescription("it ends").asRuntimeException();
    assertThat(CallFailure.of(described, 2, 9091)).hasMessageContaining("UNAVAILABLE it ends;");
  }
}
