package dev.chowder.openclaw.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.ExecutionContext;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaContext;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.keyword.AbstractKeyword;
import com.networknt.schema.keyword.BaseKeywordValidator;
import com.networknt.schema.keyword.Keyword;
import com.networknt.schema.keyword.KeywordType;
import com.networknt.schema.keyword.KeywordValidator;
import com.networknt.schema.path.NodePath;

/**
 * The keyword {@code items} of a JSON schema. Stops at the first invalid element of an array. The
 * library's own keyword collects the errors of all elements, which takes 245 MiB for an array of
 * 80,000 empty objects.
 */
final class FirstInvalidElement extends AbstractKeyword {
  FirstInvalidElement() {
    super(KeywordType.ITEMS_LEGACY.getValue());
  }

  @Override
  public KeywordValidator newValidator(
      SchemaLocation location, JsonNode node, Schema parent, SchemaContext context) {
    // A list of schemas, one for each element, has as many errors at most as the schema has lines.
    return node.isArray()
        ? KeywordType.ITEMS_LEGACY.newValidator(location, node, parent, context)
        : new Elements(this, location, node, parent, context);
  }

  private static final class Elements extends BaseKeywordValidator {
    private final Schema schema;

    Elements(
        Keyword keyword,
        SchemaLocation location,
        JsonNode node,
        Schema parent,
        SchemaContext context) {
      super(keyword, node, location, parent, context);
      this.schema = context.newSchema(location, node, parent);
    }

    @Override
    public void validate(
        ExecutionContext context, JsonNode node, JsonNode root, NodePath location) {
      if (!node.isArray()) return;
      int before = context.getErrors().size();
      for (int i = 0; i < node.size() && context.getErrors().size() == before; i++) {
        schema.validate(context, node.get(i), root, location.append(i));
      }
    }
  }
}
