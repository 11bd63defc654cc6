package dev.chowder.settings;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Creates records from the configuration. A component {@code maxOpen} is read from the key {@code
 * max-open}; {@link Setting} declares exceptions.
 *
 * <p>Components may be texts, numbers, durations, paths, addresses, enums ({@code lower-case}),
 * records (a section each), maps from names to records, and optional values, lists and sets of
 * these. A number whose component contains {@code Bytes} is a size, such as {@code 64 KiB}. A list
 * may be a text with commas or spaces, so that an environment variable can hold it. An empty text
 * is an empty list or optional value.
 *
 * <p>Numbers and durations must not be negative, and a duration whose key ends in {@code interval}
 * must be greater than 0, since work at an interval of 0 would never pause. All errors are {@code
 * IllegalArgumentException}s of one sentence with the path of the setting, and state if the value
 * came from a variable of the environment.
 */
public final class SettingsBinder {
  /** The end of the keys of durations between two runs of the same work. */
  private static final String INTERVAL = "interval";

  /** The origin that the library gives to the values of variables, without their names. */
  private static final String ENVIRONMENT = "env variables";

  private final Config root;

  private SettingsBinder(Config root) {
    this.root = root;
  }

  /**
   * Returns the record of a section.
   *
   * @param root the whole configuration
   * @param section path of the section, such as {@code chowder.pool}
   * @throws IllegalArgumentException if a setting is missing, is of another type or out of range
   */
  public static <T extends Record> T bind(Config root, String section, Class<T> type) {
    return new SettingsBinder(root).create(section, type);
  }

  /** Returns the record of its {@link Section}; by default {@code chowder}. */
  public static <T extends Record> T bind(Config root, Class<T> type) {
    var section = type.getAnnotation(Section.class);
    return bind(root, section == null ? "chowder" : section.value(), type);
  }

  private <T> T create(String section, Class<T> type) {
    var components = type.getRecordComponents();
    var values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = component(section, components[i]);
    }
    return construct(type, components, values);
  }

  private Object component(String section, RecordComponent component) {
    var setting = component.getAnnotation(Setting.class);
    if (setting != null && setting.inline()) return create(section, component.getType());
    var own = component.getType().getAnnotation(Section.class);
    if (own != null) return create(own.value(), component.getType());
    var key = setting == null || setting.value().isEmpty() ? key(component) : setting.value();
    // A whole path names a setting of another section.
    var path = key.startsWith("chowder.") ? key : section + "." + key;
    boolean size =
        component.getName().toLowerCase(Locale.ROOT).contains("bytes")
            || (setting != null && setting.size());
    return new Value(path, size, setting).read(component.getGenericType());
  }

  /** Returns {@code max-open} for {@code maxOpen}. */
  private static String key(RecordComponent component) {
    return component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static <T> T construct(Class<T> type, RecordComponent[] components, Object[] values) {
    var parameters =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<T> constructor = type.getDeclaredConstructor(parameters);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException rejected) throw rejected;
      throw new IllegalStateException(type.getName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type.getName(), e);
    }
  }

  /** One setting. */
  private final class Value {
    private final String path;
    private final boolean size;
    private final @Nullable Setting setting;

    Value(String path, boolean size, @Nullable Setting setting) {
      this.path = path;
      this.size = size;
      this.setting = setting;
    }

    Object read(Type type) {
      if (type instanceof ParameterizedType generic) {
        var element = generic.getActualTypeArguments()[0];
        if (generic.getRawType() == Optional.class) {
          return isEmpty() ? Optional.empty() : Optional.of(read(element));
        }
        if (generic.getRawType() == List.class) return elements(element).toList();
        if (generic.getRawType() == Set.class) {
          return elements(element).collect(Collectors.toCollection(LinkedHashSet::new));
        }
        if (generic.getRawType() == Map.class && element == String.class) {
          return records((Class<?>) generic.getActualTypeArguments()[1]);
        }
      }
      if (type instanceof Class<?> plain) {
        if (plain.isRecord()) return create(path, plain);
        return scalar(plain);
      }
      throw new IllegalStateException(path + ": settings cannot be of type " + type);
    }

    private boolean isEmpty() {
      return !root.hasPath(path)
          || (root.getValue(path).unwrapped() instanceof String text && text.isBlank());
    }

    /** Reads a list, each of whose elements is bound as a setting of the same path. */
    private Stream<Object> elements(Type element) {
      var value = required();
      var all =
          value.valueType() == ConfigValueType.LIST
              ? root.getList(path).unwrapped().stream()
              : Arrays.stream(get("a list", config -> config.getString(path)).split("[,\\s]+", -1))
                  .filter(word -> !word.isEmpty());
      return all.map(
          one -> {
            var same = ConfigValueFactory.fromAnyRef(one).withOrigin(value.origin());
            var alone = ConfigFactory.empty().withValue(path, same);
            return new SettingsBinder(alone).new Value(path, size, setting).read(element);
          });
    }

    /**
     * Reads sections by their names. A name may have dots, so it is all before the last one.
     * Ignores keys that are no setting of a section, which {@link SettingNames} reports.
     */
    private Map<String, Object> records(Class<?> type) {
      required();
      var settings =
          Arrays.stream(type.getRecordComponents())
              .map(component -> "." + key(component))
              .collect(Collectors.toSet());
      return root.getConfig(path).entrySet().stream()
          .map(Map.Entry::getKey)
          .filter(key -> settings.contains(key.substring(Math.max(0, key.lastIndexOf('.')))))
          .map(key -> key.substring(0, key.lastIndexOf('.')))
          .distinct()
          .collect(Collectors.toMap(name -> name, name -> create(path + "." + name, type)));
    }

    private Object scalar(Class<?> type) {
      if (type == Duration.class) {
        return inRange("a duration such as 30s", text -> at(text).getDuration(path), Duration.ZERO);
      }
      if (type == long.class || type == Long.class) return whole(Long.MAX_VALUE);
      if (type == int.class || type == Integer.class)
        return Math.toIntExact(whole(Integer.MAX_VALUE));
      if (type == double.class) {
        return inRange("a number", text -> at(text).getDouble(path), 0.0);
      }
      if (type == boolean.class) return get("true or false", config -> config.getBoolean(path));
      if (type == String.class) return get("a text", config -> config.getString(path));
      if (type == Path.class) return get("a path", config -> Path.of(config.getString(path)));
      if (type == InetAddress.class)
        return address(get("a text", config -> config.getString(path)));
      if (type.isEnum()) return constant(type.getEnumConstants());
      throw new IllegalStateException(path + ": settings cannot be of type " + type.getName());
    }

    private long whole(long most) {
      Function<Config, Long> read =
          size ? config -> config.getBytes(path) : config -> config.getLong(path);
      var rule = size ? "a size such as 64 KiB" : "a whole number";
      long value = inRange(rule, text -> read.apply(at(text)), 0L);
      if (value > most) throw rejected("be at most " + most);
      return value;
    }

    private InetAddress address(String host) {
      try {
        return InetAddress.getByName(host);
      } catch (UnknownHostException unknown) {
        throw rejected("be an address of this machine");
      }
    }

    private Object constant(Object[] constants) {
      var text = get("a text", config -> config.getString(path));
      for (var constant : constants) {
        if (label(constant).equals(text)) return constant;
      }
      var labels = Arrays.stream(constants).map(Value::label).toList();
      int last = labels.size() - 1;
      throw rejected(
          "be " + String.join(", ", labels.subList(0, last)) + " or " + labels.get(last));
    }

    private static String label(Object constant) {
      return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Returns the value if it is in range.
     *
     * @param read reads the value, or a bound in the same format
     */
    private <T extends Comparable<T>> T inRange(String kind, Function<Object, T> read, T zero) {
      var min = setting == null ? "" : setting.min();
      var max = setting == null ? "" : setting.max();
      boolean bounded = !min.isEmpty() && !max.isEmpty();
      var rule = bounded ? kind + " from " + min + " to " + max : kind;
      var value = get(rule, config -> read.apply(config.getValue(path).unwrapped()));
      if (min.isEmpty() && path.endsWith(INTERVAL) && value.compareTo(zero) <= 0) {
        throw rejected("be greater than 0");
      }
      if (value.compareTo(min.isEmpty() ? zero : read.apply(min)) < 0) {
        throw rejected("be " + (bounded ? rule : "at least " + (min.isEmpty() ? "0" : min)));
      }
      if (!max.isEmpty() && value.compareTo(read.apply(max)) > 0) {
        throw rejected("be " + (bounded ? rule : "at most " + max));
      }
      return value;
    }

    private Config at(Object value) {
      return ConfigFactory.parseMap(Map.of(path, value));
    }

    private <T> T get(String rule, Function<Config, T> read) {
      required();
      try {
        return read.apply(root);
      } catch (ConfigException wrong) {
        throw rejected("be " + rule);
      }
    }

    private ConfigValue required() {
      if (!root.hasPath(path)) throw new IllegalArgumentException(must(path, "be set"));
      return root.getValue(path);
    }

    private IllegalArgumentException rejected(String rule) {
      var value = root.getValue(path);
      var text = must(path, rule, value.unwrapped());
      boolean variable = value.origin().description().equals(ENVIRONMENT);
      return new IllegalArgumentException(variable ? text + " (from the environment)" : text);
    }
  }
}
