package dev.chowder.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The section of the configuration that {@link SettingsBinder} reads a record from. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Section {
  /** Returns the path of the section, such as {@code chowder.pool}. */
  String value();
}
