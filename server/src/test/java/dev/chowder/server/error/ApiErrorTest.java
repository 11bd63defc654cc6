package dev.chowder.server.error;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import dev.chowder.api.v1.Reason;
import org.junit.jupiter.api.Test;

class ApiErrorTest {
  @Test
  void aWrongFieldIsInTheMessageAndInTheDetails() throws InvalidProtocolBufferException {
    var error = ApiError.must("labels", "have at most 64 entries", 70);
    assertThat(error.reason()).isEqualTo(Reason.INVALID_FIELD);
    assertThat(error.message()).isEqualTo("labels: must have at most 64 entries; got 70");
    assertThat(violation(error).getField()).isEqualTo("labels");
    assertThat(violation(error).getDescription()).isEqualTo(error.message());
  }

  @Test
  void aWrongSecretIsNotInTheMessage() {
    assertThat(ApiError.must("key", "have 32 characters").message())
        .isEqualTo("key: must have 32 characters");
  }

  private static BadRequest.FieldViolation violation(ApiError error)
      throws InvalidProtocolBufferException {
    return error.toStatusProto().getDetails(1).unpack(BadRequest.class).getFieldViolations(0);
  }
}
