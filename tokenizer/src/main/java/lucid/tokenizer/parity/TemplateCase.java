package lucid.tokenizer.parity;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Batch;
import lucid.tokenizer.chat.Encoded;
import lucid.tokenizer.chat.Message;
import lucid.tokenizer.chat.Message.Role;
import lucid.tokenizer.chat.PretrainTemplate;
import lucid.tokenizer.chat.Qwen2BaseTemplate;
import lucid.tokenizer.chat.Qwen2BaseTemplate.Masking;

import java.util.ArrayList;
import java.util.List;

/// Prompts, ids, labels and the collated batch of the templates `qwen2_base` and `pretrain`.
final class TemplateCase {
    private final CaseFile file;
    private final Tokenizer tokenizer;
    private final Qwen2BaseTemplate template;
    private final PretrainTemplate pretrain;

    TemplateCase(CaseFile file, Tokenizer tokenizer) {
        this.file = file;
        this.tokenizer = tokenizer;
        template = new Qwen2BaseTemplate(tokenizer);
        pretrain = new PretrainTemplate(tokenizer);
    }

    void run() {
        constants();
        int number = 0;
        for (JsonNode row : file.need(file.root, "generate")) {
            String question = file.text(row, "question");
            file.compare("prompt", template.prompt(question), file.text(row, "prompt"));
            file.compare("ids", template.promptIds(question), file.ints(file.need(row, "ids")));
            file.row("generate[" + number++ + "]");
        }
        number = 0;
        for (JsonNode row : file.need(file.root, "generate_multi_turn")) {
            List<Message> messages = messages(row);
            file.compare("prompt", template.prompt(messages), file.text(row, "prompt"));
            file.compare("ids", template.promptIds(messages), file.ints(file.need(row, "ids")));
            file.row("generate_multi_turn[" + number++ + "]");
        }
        List<Encoded> train = new ArrayList<>();
        for (JsonNode row : file.need(file.root, "train")) {
            List<Message> messages = messages(row);
            Encoded encoded = template.training(messages, Masking.PUBLISHED);
            file.compare("prompt", template.prompt(messages), file.text(row, "prompt"));
            labelled(row, encoded, "train[" + train.size() + "]");
            train.add(encoded);
        }
        number = 0;
        for (JsonNode row : file.need(file.root, "pretrain")) {
            String caption = messages(row).get(1).text();
            file.compare("prompt", pretrain.prompt(caption), file.text(row, "prompt"));
            labelled(row, pretrain.training(caption), "pretrain[" + number++ + "]");
        }
        collate(train);
    }

    private void constants() {
        int[] found = {tokenizer.eosId(), Encoded.IMAGE, Encoded.IGNORE};
        int[] wanted = {file.need(file.root, "eos_id").asInt(), file.need(file.root, "image_id").asInt(), file.need(file.root, "ignore").asInt()};
        file.compare("eos_id, image_id, ignore", found, wanted);
        file.row("constants");
    }

    private void labelled(JsonNode row, Encoded encoded, String name) {
        file.compare("ids", encoded.ids(), file.ints(file.need(row, "ids")));
        file.compare("labels", encoded.labels(), file.ints(file.need(row, "labels")));
        file.row(name);
    }

    private void collate(List<Encoded> train) {
        JsonNode collate = file.need(file.root, "collate");
        List<Encoded> samples = new ArrayList<>();
        for (int index : file.ints(file.need(collate, "of_train"))) samples.add(train.get(index));
        Batch batch = Batch.of(samples, file.need(file.root, "pad_id").asInt(), file.need(file.root, "model_max_length").asInt());
        for (int i = 0; i < samples.size(); i++) {
            boolean[] real = batch.mask()[i];
            int[] mask = java.util.stream.IntStream.range(0, real.length).map(t -> real[t] ? 1 : 0).toArray();
            file.compare("input_ids", batch.ids()[i], file.ints(file.need(collate, "input_ids").path(i)));
            file.compare("labels", batch.labels()[i], file.ints(file.need(collate, "labels").path(i)));
            file.compare("attention_mask", mask, file.ints(file.need(collate, "attention_mask").path(i)));
            file.row("collate[" + i + "]");
        }
    }

    private List<Message> messages(JsonNode row) {
        List<Message> messages = new ArrayList<>();
        for (JsonNode node : file.need(row, "messages")) {
            JsonNode value = file.need(node, "value");
            messages.add(new Message(Role.of(file.text(node, "from")), value.isNull() ? null : value.asText()));
        }
        return messages;
    }
}
