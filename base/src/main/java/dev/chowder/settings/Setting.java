package dev.chowder.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares how {@link SettingsBinder} reads a component of a record, if it differs from the rule.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /** Returns the key in the section, or a whole path; by default the component's name. */
  String value() default "";

  /** Returns the least value in the format of the setting; by default 0. */
  String min() default "";

  /** Returns the greatest value in the format of the setting; by default that of the type. */
  String max() default "";

  /** Returns whether the number is a size; by default if the component's name contains "bytes". */
  boolean size() default false;

  /** Returns whether the component is a record whose settings are in the same section. */
  boolean inline() default false;
}
