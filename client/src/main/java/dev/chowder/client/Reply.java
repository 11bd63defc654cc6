package dev.chowder.client;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.client.failure.ClientException;

/**
 * The body of a successful response.
 *
 * @param json exactly as it was received; empty if the response has no body
 */
public record Reply(String json) {
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();

  /**
   * Returns the message. Fields of later versions of the API are ignored.
   *
   * @param type the default instance of its type
   * @throws ClientException if the body is no such message
   */
  public <T extends Message> T as(T type) {
    return parse(json, type);
  }

  /** Returns the message that JSON contains. Fields of later versions of the API are ignored. */
  @SuppressWarnings("unchecked") // A builder builds the type of its message.
  public static <T extends Message> T parse(String json, T type) {
    var builder = type.newBuilderForType();
    try {
      PARSER.merge(json, builder);
      return (T) builder.build();
    } catch (InvalidProtocolBufferException invalid) {
      throw unreadable(invalid);
    }
  }

  /** Returns the error for a response that is not what docs/REST.md says. */
  public static ClientException unreadable(Throwable cause) {
    return new ClientException(
        ClientException.Kind.UNREADABLE,
        "cannot read the response, which is no JSON of Chowder",
        cause);
  }
}
