package dev.chowder.server.error;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.fail;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import dev.chowder.api.v1.Reason;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * Asserts why something is rejected: by reason, field and the values that the message shows or
 * hides. No assertion depends on the wording of a message.
 */
public final class Rejection {
  private final Throwable thrown;

  private Rejection(Throwable thrown) {
    this.thrown = thrown;
  }

  /** Runs a call that the server must reject, either in this process or over gRPC. */
  public static Rejection of(ThrowingCallable call) {
    var thrown = catchThrowable(call);
    if (thrown instanceof StatusRuntimeException rejected) return new Rejection(error(rejected));
    assertThat(thrown).as("the call's error").isInstanceOf(ApiError.class);
    return new Rejection(thrown);
  }

  /** Runs a start, or the reading of settings, that must fail because of the named setting. */
  public static Rejection ofSetting(String name, ThrowingCallable start) {
    var thrown = catchThrowable(start);
    assertThat(thrown)
        .as("the error about %s", name)
        .isInstanceOfAny(IllegalArgumentException.class, UncheckedIOException.class);
    return new Rejection(thrown).shows(name);
  }

  /** Returns the error as the server threw it, and checks that its gRPC code fits its reason. */
  private static ApiError error(StatusRuntimeException rejected) {
    var error = ApiError.of(requireNonNull(StatusProto.fromThrowable(rejected)));
    assertThat(rejected.getStatus().getCode()).isEqualTo(error.code());
    return error;
  }

  public ApiError error() {
    return (ApiError) thrown;
  }

  public Rejection hasReason(Reason reason) {
    assertThat(error().reason()).as(message()).isEqualTo(reason);
    return this;
  }

  /** Checks that exactly this field is named, as {@code INVALID_FIELD} requires. */
  public Rejection hasField(String field) {
    hasReason(Reason.INVALID_FIELD);
    assertThat(field()).as(message()).isEqualTo(field);
    return this;
  }

  /** Checks that the message contains each value as a whole word. */
  public Rejection shows(Object... values) {
    for (var value : values) {
      assertThat(message())
          .containsPattern("(?<![\\w])" + Pattern.quote(value.toString()) + "(?![\\w])");
    }
    return this;
  }

  public Rejection hides(String... values) {
    assertThat(message()).doesNotContain(values);
    return this;
  }

  private String message() {
    return requireNonNullElse(thrown.getMessage(), "");
  }

  private String field() {
    try {
      for (var detail : error().toStatusProto().getDetailsList()) {
        if (detail.is(BadRequest.class)) {
          return detail.unpack(BadRequest.class).getFieldViolations(0).getField();
        }
      }
      return "";
    } catch (InvalidProtocolBufferException e) {
      return fail("the details of the error are unreadable", e);
    }
  }
}
