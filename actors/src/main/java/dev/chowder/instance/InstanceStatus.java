package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.chowder.base.Labelled;
import dev.chowder.instance.InstanceState.Absent;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Tombstone;
import dev.chowder.instance.InstanceState.Waiting;
import dev.chowder.instance.InstanceState.Warming;

/** The status of an instance in the API: the current one and the desired one. */
public record InstanceStatus(Name now, Name desired) {
  /** The five statuses of the API, and two of pool members, which callers do not see. */
  public enum Name implements Labelled {
    PROVISIONING,
    RUNNING,
    STOPPED,
    TERMINATED,
    ERROR,
    WARMING,
    POOLED
  }

  /** Returns whether the current status is the desired one. */
  @JsonIgnore
  public boolean isSteady() {
    return now == desired;
  }

  static InstanceStatus of(InstanceState state) {
    return switch (state) {
      case Provisioning _ -> new InstanceStatus(Name.PROVISIONING, Name.RUNNING);
      case Warming _ -> new InstanceStatus(Name.WARMING, Name.POOLED);
      case Pooled _ -> new InstanceStatus(Name.POOLED, Name.POOLED);
      case Running _ -> new InstanceStatus(Name.RUNNING, Name.RUNNING);
      case Stopping _ -> new InstanceStatus(Name.RUNNING, Name.STOPPED);
      case Stopped _ -> new InstanceStatus(Name.STOPPED, Name.STOPPED);
      case Restarting _, Waiting _, Starting _ -> new InstanceStatus(Name.STOPPED, Name.RUNNING);
      case Errored _ -> new InstanceStatus(Name.ERROR, Name.ERROR);
      case Absent(), Tombstone _, Deleted _, Discarded _ ->
          new InstanceStatus(Name.TERMINATED, Name.TERMINATED);
    };
  }
}
