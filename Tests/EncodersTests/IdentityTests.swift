import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Identity of an embedding space")
struct IdentityTests {
    private func encoder(_ path: String = TinyBERT.path) throws -> TextEncoder {
        try TextEncoder(model: ModelFolder(path: path))
    }

    @Test("two loads of one model share a space, wherever the folder lies")
    func sameModel() throws {
        let copy = try TinyBERT.folder()
        #expect(try encoder().space == encoder(copy.path).space)
        #expect(try encoder().recipe == encoder(copy.path).recipe)
    }

    @Test("weights, tokenizer, pooling, document prompt, normalisation and adapter each make another space")
    func whatMakesASpace() throws {
        let base = try encoder()
        var spaces = [base.space]
        spaces.append(try base.adapted(by: TinyBERT.adapter()).space)
        var changed = try TinyBERT.adapter()
        changed.pairs[0].a[0, 0] += 0.001
        spaces.append(try base.adapted(by: changed).space)
        spaces.append(try base.adapted(by: TinyBERT.adapter().scaled(by: 0.5)).space)
        let pooled = try TinyBERT.folder(pooling: ["word_embedding_dimension": 32, "pooling_mode_cls_token": true])
        spaces.append(try encoder(pooled.path).space)
        let prompted = try TinyBERT.folder(settings: ["prompts": ["document": "the "]])
        spaces.append(try encoder(prompted.path).space)
        let tokenized = try TinyBERT.folder()
        let tokenizer = try readText(tokenized.path + "/tokenizer.json")
        try writeFile(tokenizer + "\n", to: tokenized.path + "/tokenizer.json")
        spaces.append(try encoder(tokenized.path).space)
        let raw = try TinyBERT.folder()
        try writeFile(
            #"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},"#
                + #"{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]"#,
            to: raw.path + "/modules.json")
        spaces.append(try encoder(raw.path).space)
        let weighted = try TinyBERT.folder()
        var bytes = try readFile(weighted.path + "/model.safetensors")
        bytes[bytes.count - 2] ^= 1
        try writeFile(bytes, to: weighted.path + "/model.safetensors")
        spaces.append(try encoder(weighted.path).space)
        #expect(Set(spaces).count == spaces.count)
    }

    @Test("a query prompt is part of the recipe and not of the space")
    func queryPrompt() throws {
        let prompted = try TinyBERT.folder(settings: ["prompts": ["query": "where \"is\" "]])
        let (base, other) = (try encoder(), try encoder(prompted.path))
        #expect(base.space == other.space && base.recipe != other.recipe)
        #expect(other.recipe.contains(#"query-prompt="where \"is\" ""#))
        #expect(base.recipe.contains("max-length=32") && base.recipe.contains(attuneVersion))
        #expect(base.recipe.contains(base.space.digest))
    }
}
