package dev.chowder.server.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UploadFormTest {
  private static final String TYPE = "multipart/form-data; boundary=b";

  @Test
  void aFormIsWrittenToItsPath() throws IOException {
    var file = new ByteArrayOutputStream();
    var path = form(part("name=\"path\"", "a/b") + part("name=\"file\"", "text")).writeTo(file);
    assertThat(path.toString()).isEqualTo("a/b");
    assertThat(file.toString(UTF_8)).isEqualTo("text");
  }

  /** Fuzzing found the first one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "name=\"\"",
        "name=",
        "name",
        "",
        ";;;",
        "name*=utf-8''%",
        "name*=utf-8''%f",
        "name*=utf-8''%\u00ff\u00ff",
        "name*='",
        "name*=nonesuch''x",
        "name=\"=?nonesuch?B?x?=\"",
        "name=\"=?utf-8?Q?=\"",
        "name=\"=?utf-8?B?%%%?=\"",
      })
  void aPartWithoutAReadableNameIsRejected(String parameters) {
    assertThatExceptionOfType(ApiError.class)
        .isThrownBy(() -> form(part(parameters, "x")).writeTo(new ByteArrayOutputStream()))
        .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.INVALID_FIELD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"boundary=", "boundary=\"\"", "boundary", "boundary*=utf-8''%f", ""})
  void aFormWithoutABoundaryIsRejected(String parameter) {
    assertThatExceptionOfType(ApiError.class)
        .isThrownBy(
            () ->
                new UploadForm(
                    new ByteArrayInputStream(new byte[0]),
                    "multipart/form-data; " + parameter,
                    Optional.empty(),
                    100))
        .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.INVALID_FIELD));
  }

  private static UploadForm form(String parts) {
    var body = new ByteArrayInputStream((parts + "--b--\r\n").getBytes(UTF_8));
    return new UploadForm(body, TYPE, Optional.empty(), 100);
  }

  private static String part(String parameters, String content) {
    return "--b\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
  }
}
