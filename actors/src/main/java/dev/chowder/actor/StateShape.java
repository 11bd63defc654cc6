package dev.chowder.actor;

import static dev.chowder.base.ErrorText.must;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.pcollections.PMap;

/**
 * Describes the records of which the states of an aggregate consist: the names and types of their
 * components, the permitted subclasses and the constants of enumerations.
 */
final class StateShape {
  /**
   * Raise this if events that are already stored give another state than before, or a component has
   * another meaning or encoding ({@link SnapshotSerializer}), while the records stay the same.
   * Otherwise snapshots keep the previous meaning.
   */
  private static final int MEANING = 1;

  /** No other types: a secret, for example, must not be in a snapshot. */
  private static final Set<Class<?>> VALUES =
      Set.of(String.class, int.class, long.class, boolean.class, Instant.class);

  private static final Set<Type> COLLECTIONS =
      Set.of(Optional.class, List.class, Set.class, Map.class, PMap.class);

  private static final ClassValue<String> HASHES =
      new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> states) {
          return UUID.nameUUIDFromBytes(of(states).getBytes(StandardCharsets.UTF_8)).toString();
        }
      };

  private StateShape() {}

  /** Returns the hash of the shape of all states of the aggregate that has this state. */
  static String hash(Class<?> state) {
    var sealed = Arrays.stream(state.getInterfaces()).filter(Class::isSealed).findFirst();
    return sealed.isPresent() ? hash(sealed.get()) : HASHES.get(state);
  }

  /** Returns the text whose hash is the shape's. */
  static String of(Class<?> states) {
    var types = new TreeMap<String, String>();
    add(states, types);
    return MEANING + types.toString();
  }

  private static void add(Type type, Map<String, String> types) {
    if (types.containsKey(type.getTypeName()) || VALUES.contains(type)) return;
    switch (type) {
      case ParameterizedType many when COLLECTIONS.contains(many.getRawType()) ->
          addAll(types, many.getActualTypeArguments());
      case Class<?> one when one.isEnum() ->
          types.put(one.getName(), named(one.getEnumConstants(), c -> ((Enum<?>) c).name()));
      case Class<?> one when one.isSealed() -> {
        types.put(one.getName(), named(one.getPermittedSubclasses(), Class::getName));
        addAll(types, one.getPermittedSubclasses());
      }
      case Class<?> one when one.isRecord() -> {
        types.put(
            one.getName(),
            named(
                one.getRecordComponents(),
                c -> c.getName() + " " + c.getGenericType().getTypeName()));
        for (var component : one.getRecordComponents()) add(component.getGenericType(), types);
      }
      default ->
          throw new IllegalArgumentException(
              must("state", "consist of records and plain values", type.getTypeName()));
    }
  }

  private static <T> String named(T[] all, Function<T, String> name) {
    return Arrays.stream(all).map(name).collect(Collectors.joining(", "));
  }

  private static void addAll(Map<String, String> types, Type... more) {
    for (var one : more) add(one, types);
  }
}
