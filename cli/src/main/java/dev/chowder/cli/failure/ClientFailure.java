package dev.chowder.cli.failure;

import dev.chowder.client.Api;
import dev.chowder.client.ApiException;
import dev.chowder.client.failure.ClientException;
import java.util.function.Consumer;

/** Shows failures of the client to users: as an exit code, and a sentence with the remedy. */
public final class ClientFailure {
  private ClientFailure() {}

  /** Returns the failure of a command whose call failed. */
  public static CommandException of(ClientException failure) {
    var message = String.valueOf(failure.getMessage());
    // Some messages of the server are a whole sentence.
    var cause = message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    var remedy = failure instanceof ApiException error ? remedy(error) : remedy(failure.kind());
    return new CommandException(
        code(failure), remedy.isEmpty() ? cause : cause + "; " + remedy, failure);
  }

  /** Returns the message with the remedy, without a period. */
  public static String message(RuntimeException failure) {
    return String.valueOf(
        (failure instanceof ClientException call ? of(call) : failure).getMessage());
  }

  /**
   * Returns what prints a line for each repetition of a call.
   *
   * @param say prints a line for people
   */
  public static Consumer<Api.Retry> notices(Consumer<String> say) {
    return retry -> {
      long seconds = retry.pause().toSeconds();
      // A short pause is not worth a line.
      if (seconds == 0) return;
      var cause = of(retry.cause()).getMessage();
      say.accept("chowder: %s; next try in %d s.".formatted(cause, seconds));
    };
  }

  /**
   * Returns what prints a line for each try of a call.
   *
   * @param say prints a line for people
   */
  public static Consumer<Api.Exchange> trace(Consumer<String> say) {
    return one ->
        say.accept(
            "%s %s: %s in %d ms"
                .formatted(
                    one.method(),
                    one.target(),
                    one.status() == 0 ? "no response" : one.status(),
                    one.time().toMillis()));
  }

  private static ExitCode code(ClientException failure) {
    return switch (failure.kind()) {
      case INVALID -> ExitCode.USAGE;
      case NO_CONTEXT -> ExitCode.NOT_FOUND;
      case NO_KEY, CERTIFICATE_REJECTED -> ExitCode.DENIED;
      case UNKNOWN_HOST, UNREACHABLE, NO_TLS, UNTRUSTED, CONNECTION_LOST -> ExitCode.UNAVAILABLE;
      case TIMED_OUT -> ExitCode.TIMED_OUT;
      case TOO_LARGE, UNREADABLE -> ExitCode.FAILED;
      case INTERRUPTED -> ExitCode.INTERRUPTED;
      case REJECTED ->
          failure instanceof ApiException error
              ? code(error.status(), error.reason())
              : ExitCode.FAILED;
    };
  }

  /**
   * Returns the exit code for an error of the server.
   *
   * @param status the status of HTTP
   * @param reason of docs/REST.md; empty if there is none
   */
  public static ExitCode code(int status, String reason) {
    return switch (status) {
      case 400 -> reason.equals("INVALID_FIELD") ? ExitCode.USAGE : ExitCode.CONFLICT;
      case 401, 403 -> ExitCode.DENIED;
      case 404 -> ExitCode.NOT_FOUND;
      case 402, 409, 507 -> ExitCode.CONFLICT;
      case 413, 414, 416, 431 -> ExitCode.USAGE;
      case 421, 429, 502, 503 -> ExitCode.UNAVAILABLE;
      case 408, 504 -> ExitCode.TIMED_OUT;
      default -> ExitCode.FAILED;
    };
  }

  private static String remedy(ClientException.Kind kind) {
    return switch (kind) {
      case UNKNOWN_HOST, UNREACHABLE -> "start it, or choose another context";
      case NO_TLS -> "use a URL that begins with http://, or a port with TLS";
      case UNTRUSTED -> "name its CA with --ca or CHOWDER_TLS_CA";
      case CERTIFICATE_REJECTED ->
          "name a client certificate that it accepts with --client-certificate or"
              + " CHOWDER_TLS_CLIENT_CERTIFICATE";
      case TOO_LARGE -> "ask for less of it";
      case UNREADABLE -> "check that the URL of the context is that of a Chowder server";
      case INVALID, NO_CONTEXT, NO_KEY, CONNECTION_LOST, TIMED_OUT, REJECTED, INTERRUPTED -> "";
    };
  }

  private static String remedy(ApiException error) {
    return switch (error.reason()) {
      case "KEY_INVALID" -> "set CHOWDER_KEY, or add a context with a valid key";
      case "KEY_LACKS_PERMISSION" -> "use a key with that permission, and name instances by id";
      case "ORGANIZATION_SUSPENDED" -> "ask the operator of the server";
      case "INSTANCE_NOT_FOUND" -> "\"chowder ls\" lists all instances";
      case "SESSION_NOT_FOUND" -> "\"chowder sessions ls\" lists all sessions";
      case "KEY_NOT_FOUND" -> "\"chowder keys ls\" lists all keys";
      case "SIGN_UP_CLOSED" -> "ask the operator of the server for a key";
      case "INSTANCE_LIMIT_REACHED" -> "remove an instance with \"chowder rm\" first";
      case "MODEL_PROVIDER_NOT_CONFIGURED" ->
          "configure it with \"chowder org set-provider\", or name a configured one with"
              + " --provider";
      case "WRONG_STATE" -> "\"chowder get\" shows the status";
      case "IDEMPOTENCY_KEY_REUSED" -> "choose another --idempotency-key";
      case "ALREADY_DONE" -> "its result was lost: revoke the key, or repeat the command";
      case "IN_PROGRESS" -> "\"chowder get\" shows the result";
      case "RATE_LIMITED", "NO_CAPACITY", "SERVER_UNAVAILABLE" ->
          error
              .retryAfter()
              .map(time -> "repeat the command after %d s".formatted(time.toSeconds()))
              .orElse("repeat the command later");
      case "GATEWAY_UNAVAILABLE" -> "\"chowder logs\" shows the cause";
      case "NO_ANSWER_IN_TIME" -> "it may have been executed: \"chowder get\" shows the status";
      case "HOST_UNKNOWN", "PATH_NOT_FOUND" -> "check the URL of the context";
      case "" -> "check that the URL of the context is that of a Chowder server";
      default -> "";
    };
  }
}
