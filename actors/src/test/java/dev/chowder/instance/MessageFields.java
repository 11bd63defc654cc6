package dev.chowder.instance;

import com.google.protobuf.Message;
import java.util.List;
import java.util.Set;

/** Collects the full names of all fields that a message sets, also in the messages inside it. */
final class MessageFields {
  private MessageFields() {}

  static void collect(Message message, Set<String> fields) {
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              fields.add(field.getFullName());
              if (value instanceof Message inner) collect(inner, fields);
              if (value instanceof List<?> many) {
                many.stream()
                    .filter(Message.class::isInstance)
                    .forEach(inner -> collect((Message) inner, fields));
              }
            });
  }
}
