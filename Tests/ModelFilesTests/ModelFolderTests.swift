import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Model folders")
struct ModelFolderTests {
    @Test("reads a sentence-transformers folder in the old layout")
    func readsOldLayout() throws {
        let model = try ModelFolder(path: SharedData.tinyBERT + "/model")
        let configuration = model.configuration
        #expect(configuration.modelType == "bert")
        #expect((configuration.vocabularySize, configuration.width, configuration.layers) == (200, 32, 2))
        #expect((configuration.heads, configuration.feedForwardWidth, configuration.maxPositions) == (4, 64, 40))
        #expect((configuration.typeVocabularySize, configuration.padTokenID) == (2, 0))
        #expect(configuration.layerNormEpsilon == 1e-12)
        #expect(configuration.activation == .exact)
        #expect(model.pooling == PoolingConfiguration(modes: [.mean]))
        #expect(model.modules.map(\.kind) == [.transformer, .pooling, .normalize])
        #expect(model.normalizes)
        #expect(model.maxLength == 32)
        #expect(model.dimension == 32)
        #expect(model.prompts == [:] && model.defaultPromptName == nil && model.similarity == nil)
        #expect(model.warnings == [])
        #expect(try model.tensors().tensor(named: "pooler.dense.weight")?.shape == [32, 32])
        #expect(model.nameOrPath == FileSystem.absolutePath(of: model.path))
        #expect(try model.weightsDigest() == SHA256Digest.of(fileAt: model.weightsPath))
        #expect(try model.tokenizerDigest() == SHA256Digest.of(fileAt: model.tokenizerPath))
    }

    @Test("reads a sentence-transformers folder in today's layout")
    func readsNewLayout() throws {
        let copy = try ModelCopy()
        for name in ["sentence_bert_config.json", "special_tokens_map.json", "vocab.txt"] { try copy.remove(name) }
        let source = SharedData.fixtures + "/models/tiny-bert-new-layout"
        for name in try FileSystem.list(source) {
            try copy.folder.write(readFile(source + "/" + name), to: "model/" + name)
        }
        let model = try ModelFolder(path: copy.path)
        #expect(model.modules.map(\.kind) == [.transformer, .pooling, .normalize])
        #expect(model.pooling == PoolingConfiguration(modes: [.mean]))
        #expect(model.maxLength == 32)
        #expect(model.prompts == ["query": "how do i ", "document": ""])
        #expect(model.defaultPromptName == "query")
        #expect(model.similarity == "cosine")
        #expect(try ModelFolder(path: SharedData.tinyBERT + "/model").configuration == model.configuration)
    }

    @Test(
        "reads all-MiniLM-L6-v2 with the limit of its sentence-transformers settings",
        .enabled(if: SharedData.hasMiniLM))
    func readsMiniLM() throws {
        let model = try ModelFolder(path: SharedData.miniLM)
        #expect(model.maxLength == 256)
        #expect(model.dimension == 384)
        #expect(model.normalizes)
        #expect(model.warnings == [])
        _ = try model.tensors()
    }

    @Test("takes a plain Hugging Face folder with mean pooling, and says so")
    func readsPlainFolder() throws {
        let copy = try ModelCopy()
        for name in ["modules.json", "1_Pooling", "sentence_bert_config.json"] { try copy.remove(name) }
        let model = try ModelFolder(path: copy.path)
        #expect(model.pooling == PoolingConfiguration(modes: [.mean]))
        #expect(!model.normalizes)
        #expect(
            model.warnings == [
                "\(copy.path) has no modules.json: assuming mean pooling over its tokens, not normalised"
            ])
    }

    @Test("finds the transformer in a folder of its own, as the oldest models have it")
    func readsTransformerFolder() throws {
        let copy = try ModelCopy()
        for name in [
            "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "sentence_bert_config.json",
        ] {
            try copy.folder.write(readFile(copy.file(name)), to: "model/0_BERT/" + name)
            try copy.remove(name)
        }
        var modules = try #require(try JSONValue.read(copy.file("modules.json")).arrayValue)
        modules[0] = ["idx": 0, "name": "0", "path": "0_BERT", "type": "sentence_transformers.models.Transformer"]
        try copy.write(.array(modules), to: "modules.json")
        let model = try ModelFolder(path: copy.path)
        #expect(model.maxLength == 32)
        #expect(try model.tensors().file.path == copy.file("0_BERT/model.safetensors"))
    }

    // MARK: Limits

    @Test(
        "takes the length limit from the settings, else from the tokenizer, at most the positions",
        arguments: [
            (16, 20, 16), (nil, 20, 20), (nil, nil, 40), (nil, .number(1e30), 40), (100, 20, 40), (nil, 512, 40),
            (1, nil, 1),
        ] as [(JSONValue?, JSONValue?, Int)])
    func limitsLength(settings: JSONValue?, tokenizer: JSONValue?, expected: Int) throws {
        let copy = try ModelCopy()
        try copy.set("max_seq_length", to: settings, in: "sentence_bert_config.json")
        try copy.set("model_max_length", to: tokenizer, in: "tokenizer_config.json")
        let model = try ModelFolder(path: copy.path)
        #expect(model.maxLength == expected)
        #expect(model.warnings.count == ((settings?.intValue ?? tokenizer?.intValue ?? 0) > 40 ? 1 : 0))
    }

    @Test("does not let tokenizer.json limit texts")
    func ignoresTokenizerTruncation() throws {
        let copy = try ModelCopy()
        try copy.set(
            "truncation", to: ["max_length": 5, "strategy": "LongestFirst", "stride": 0], in: "tokenizer.json")
        #expect(try ModelFolder(path: copy.path).maxLength == 32)
    }

    @Test("reads the settings under every name that they had")
    func readsOldSettingsNames() throws {
        let copy = try ModelCopy()
        try copy.remove("sentence_bert_config.json")
        try copy.write(["max_seq_length": 17], to: "sentence_xlm-roberta_config.json")
        #expect(try ModelFolder(path: copy.path).maxLength == 17)
    }

    // MARK: Pooling

    @Test(
        "reads the pooling of old and new files",
        arguments: [
            ([:], [.mean], true), (["pooling_mode_cls_token": true], [.cls], true),
            (
                ["pooling_mode_lasttoken": true, "pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true],
                [.cls, .mean, .lastToken], true
            ),
            (["pooling_mode_mean_sqrt_len_tokens": true, "include_prompt": false], [.meanSqrtLength], false),
            (
                ["pooling_mode_max_tokens": true, "pooling_mode_weightedmean_tokens": true], [.max, .weightedMean], true
            ),
            (["pooling_mode": "lasttoken", "embedding_dimension": 32], [.lastToken], true),
            (["pooling_mode": ["mean", "cls"]], [.mean, .cls], true),
            (["pooling_mode": "cls", "pooling_mode_mean_tokens": true], [.cls], true),
        ] as [(JSONValue, [PoolingMode], Bool)])
    func readsPooling(settings: JSONValue, modes: [PoolingMode], includePrompt: Bool) throws {
        let copy = try ModelCopy()
        try copy.write(settings, to: "1_Pooling/config.json")
        let model = try ModelFolder(path: copy.path)
        #expect(model.pooling == PoolingConfiguration(modes: modes, includePrompt: includePrompt))
        #expect(model.dimension == 32 * modes.count)
    }

    // MARK: Refusals

    @Test(
        "refuses by name what it does not implement, and what is wrong",
        arguments: [
            ("config.json", "model_type", "mpnet", "model type 'mpnet' (only 'bert' is) is not implemented"),
            ("config.json", "model_type", nil, "key 'model_type' is missing"),
            ("config.json", "hidden_act", "relu", "activation 'relu' is not implemented"),
            (
                "config.json", "position_embedding_type", "relative_key",
                "position_embedding_type 'relative_key' is not implemented"
            ),
            ("config.json", "is_decoder", true, "'is_decoder': true is not implemented"),
            ("config.json", "hidden_size", nil, "key 'hidden_size' is missing"),
            ("config.json", "hidden_size", "32", "'hidden_size': a whole number expected, a string found"),
            ("config.json", "hidden_size", 33, "'hidden_size' 33 is no multiple of 'num_attention_heads' 4"),
            ("config.json", "num_attention_heads", 0, "'num_attention_heads' is 0, a number from 1 to 1024 expected"),
            ("config.json", "num_hidden_layers", -1, "'num_hidden_layers' is -1, a number from 1 to 1024 expected"),
            (
                "config.json", "vocab_size", .integer(.max),
                "'vocab_size' is 9223372036854775807, a number from 1 to 16777216 expected"
            ),
            ("config.json", "layer_norm_eps", 0, "'layer_norm_eps' is 0.0, a number between 0 and 1 expected"),
            ("config.json", "pad_token_id", 200, "'pad_token_id' is 200, beyond the vocabulary"),
            ("1_Pooling/config.json", "pooling_mode", "median", "pooling mode 'median' is not implemented"),
            ("1_Pooling/config.json", "pooling_mode", [], "'pooling_mode' names no mode"),
            ("1_Pooling/config.json", "pooling_mode", 5, "'pooling_mode': a list of strings expected, a number found"),
            (
                "1_Pooling/config.json", "word_embedding_dimension", 64,
                "'word_embedding_dimension' is 64, the model's vectors have 32"
            ),
            (
                "sentence_bert_config.json", "max_seq_length", 0,
                "'max_seq_length' is 0, a number from 1 to 16777216 expected"
            ),
            (
                "sentence_bert_config.json", "transformer_task", "fill-mask",
                "transformer_task 'fill-mask' is not implemented"
            ),
            ("sentence_bert_config.json", "query_length", 32, "'query_length' is not implemented"),
            ("config_sentence_transformers.json", "truncate_dim", 16, "'truncate_dim': 16 is not implemented"),
            (
                "config_sentence_transformers.json", "model_type", "CrossEncoder",
                "model_type 'CrossEncoder' is not implemented"
            ),
            (
                "config_sentence_transformers.json", "default_prompt_name", "query",
                "'default_prompt_name' is 'query', which is none of its prompts"
            ),
            (
                "config_sentence_transformers.json", "prompts", ["query": 1],
                "'query': a string expected, a number found"
            ),
            ("config_sentence_transformers.json", "prompts", [], "an object expected, an array found"),
        ] as [(String, String, JSONValue?, String)])
    func refuses(file: String, key: String, value: JSONValue?, reason: String) throws {
        let copy = try ModelCopy()
        try copy.set(key, to: value, in: file)
        #expect(errorMessage { try ModelFolder(path: copy.path) } == "\(copy.file(file)): \(reason)")
    }

    @Test(
        "refuses modules that it does not implement",
        arguments: [
            (
                [
                    "sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling",
                    "sentence_transformers.models.LSTM",
                ], "module 'LSTM' is not implemented"
            ),
            (
                ["sentence_transformers.base.modules.router.Router"],
                "the sequence of modules Router is not implemented"
            ),
            (
                ["a.Transformer", "a.Pooling", "a.Router", "a.Normalize"],
                "the sequence of modules Transformer, Pooling, Router, Normalize is not implemented"
            ),
            (["a.Transformer"], "the sequence of modules Transformer is not implemented"),
            (["a.Pooling", "a.Transformer"], "the sequence of modules Pooling, Transformer is not implemented"),
            ([], "the sequence of modules  is not implemented"),
            (
                ["a.Transformer", "a.Pooling", "a.Pooling"],
                "the sequence of modules Transformer, Pooling, Pooling is not implemented"
            ),
        ] as [([String], String)])
    func refusesModules(types: [String], reason: String) throws {
        let copy = try ModelCopy()
        let modules = types.enumerated().map { index, type -> JSONValue in
            ["idx": .integer(Int64(index)), "name": "x", "path": index == 1 ? "1_Pooling" : "", "type": .string(type)]
        }
        try copy.write(.array(modules), to: "modules.json")
        #expect(errorMessage { try ModelFolder(path: copy.path) } == "\(copy.file("modules.json")): \(reason)")
    }

    @Test(
        "refuses a modules.json that is none",
        arguments: [
            ("{}", "an array expected, an object found"), ("[1]", "an object expected, a number found"),
            ("[{}]", "key 'type' is missing"),
            (#"[{"idx": 1, "type": "a.Transformer"}]"#, "module 0 says that it is number 1"),
            (#"[{"type": "a.Transformer", "path": "../.."}]"#, "module 0 lies outside of the model: '../..'"),
            (#"[{"type": "a.Transformer", "path": "/etc"}]"#, "module 0 lies outside of the model: '/etc'"),
        ])
    func refusesBadModules(text: String, reason: String) throws {
        let copy = try ModelCopy()
        try copy.folder.write(text, to: "model/modules.json")
        #expect(errorMessage { try ModelFolder(path: copy.path) } == "\(copy.file("modules.json")): \(reason)")
    }

    @Test("says what is missing")
    func reportsMissingFiles() throws {
        func message(without names: [String], with others: [String] = []) throws -> String {
            let copy = try ModelCopy()
            for name in names { try copy.remove(name) }
            for name in others { try copy.write([:], to: name) }
            return (errorMessage { try ModelFolder(path: copy.path) } ?? "").replacing(copy.path, with: "M")
        }
        #expect(try message(without: ["config.json"]) == "M: no config.json: not a model's folder")
        #expect(
            try message(without: ["config.json"], with: ["adapter_config.json"])
                == "M: it holds an adapter, not a model: give it as the adapter")
        #expect(try message(without: ["model.safetensors"]) == "M: no model.safetensors: not a model's folder")
        #expect(try message(without: ["model.safetensors"], with: ["pytorch_model.bin"]).contains("a pickle"))
        #expect(
            try message(without: ["model.safetensors"], with: ["model.safetensors.index.json"]).contains(
                "several files"))
        #expect(
            try message(without: ["tokenizer.json"]) == "M: no tokenizer.json: save the model with its fast tokenizer")
        #expect(try message(without: ["1_Pooling"]).hasPrefix("cannot open M/1_Pooling/config.json"))
        #expect(errorMessage { try ModelFolder(path: "/nowhere") } == "cannot open /nowhere: no such folder")
        #expect(errorMessage { try ModelFolder(path: "/dev/null") } == "cannot open /dev/null: it is no folder")
    }

    @Test("lower-casing is the tokenizer's matter: a model that asks for it with a cased tokenizer is refused")
    func checksLowercasing() throws {
        let copy = try ModelCopy()
        try copy.set("do_lower_case", to: true, in: "sentence_bert_config.json")
        _ = try ModelFolder(path: copy.path)
        try copy.set(
            "normalizer", to: ["type": "Sequence", "normalizers": [["type": "NFC"], ["type": "Lowercase"]]],
            in: "tokenizer.json")
        _ = try ModelFolder(path: copy.path)
        try copy.set("normalizer", to: ["type": "BertNormalizer", "lowercase": false], in: "tokenizer.json")
        #expect(
            errorMessage { try ModelFolder(path: copy.path) }
                == "\(copy.file("sentence_bert_config.json")): 'do_lower_case': true with a tokenizer that keeps upper case is not implemented"
        )
    }

    @Test(
        "knows the two forms of GELU by all their names",
        arguments: [("gelu", GELU.exact), ("gelu_new", .tanh), ("gelu_pytorch_tanh", .tanh), ("gelu_fast", .tanh)])
    func readsActivations(name: String, form: GELU) throws {
        let copy = try ModelCopy()
        try copy.set("hidden_act", to: .string(name), in: "config.json")
        #expect(try ModelFolder(path: copy.path).configuration.activation == form)
    }
}
