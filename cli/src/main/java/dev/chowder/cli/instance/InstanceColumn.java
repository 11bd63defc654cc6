package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** A column of the table of instances, as users write it. */
enum InstanceColumn {
  name,
  status,
  model,
  age,
  id,
  labels,
  served_by,
  memory,
  swap,
  openclaw,
  image,
  region,
  gateway_url;

  /** The columns of a table that fits a terminal. */
  static final List<InstanceColumn> USUAL = List.of(name, status, model, age, id);

  String title() {
    return name().replace('_', ' ').toUpperCase(Locale.ROOT);
  }

  /** Returns the cell of an instance; empty if it has no value. */
  String of(Instance instance, Instant now) {
    return switch (this) {
      case name -> instance.getName();
      case status -> InstanceText.status(instance);
      case model -> InstanceText.model(instance);
      case age -> InstanceText.age(instance, now);
      case id -> instance.getId();
      case labels -> InstanceText.labels(instance.getLabelsMap());
      case served_by -> instance.hasServedBy() ? instance.getServedBy().name() : "";
      case memory -> InstanceText.mebibytes(instance.getMemoryBytes());
      case swap -> InstanceText.mebibytes(instance.getSwapBytes());
      case openclaw -> instance.getOpenclawVersion();
      case image -> instance.getSandboxImage();
      case region -> instance.getRegion();
      case gateway_url -> instance.getGatewayUrl();
    };
  }
}
