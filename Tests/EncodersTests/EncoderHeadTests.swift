import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Heads on an encoder")
struct EncoderHeadTests {
    /// The identity of the Router's other route, and a product more.
    static let tolerance: Double = 2e-6

    static let texts = ["the cat sat", "where is my dog?", "to search the bank"]

    private func encoder(_ path: String = TinyBERT.path) throws -> TextEncoder {
        try TextEncoder(model: ModelFolder(path: path))
    }

    private func head(_ kind: EmbeddingHead.Kind) -> EmbeddingHead {
        var head = EmbeddingHead(identity: kind, width: 32, inner: 4, seed: 1)
        for index in head.matrices.indices {
            add(
                random(head.matrices[index].rows, head.matrices[index].columns, seed: UInt64(index), scale: 0.1).view,
                to: &head.matrices[index])
        }
        return head
    }

    private func distance(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Double {
        largestDifference(a.elements(), b.elements())
    }

    @Test("a head on queries leaves documents and their space as they are")
    func queriesOnly() throws {
        let base = try encoder()
        let headed = try base.with(head: head(.linear), for: .query)
        #expect(headed.space == base.space && headed.recipe != base.recipe)
        #expect(try headed.encodeDocuments(Self.texts) == base.encodeDocuments(Self.texts))
        #expect(try headed.encode(Self.texts) == base.encode(Self.texts))
        let queries = try headed.encodeQueries(Self.texts)
        #expect(try queries == head(.linear)(base.encodeQueries(Self.texts).view))
        #expect(try distance(queries, base.encodeQueries(Self.texts)) > 0.01)
        #expect(try headed.withoutHead.encodeQueries(Self.texts) == base.encodeQueries(Self.texts))
        #expect(try headed.adapted(by: TinyBERT.adapter()).head == nil)
    }

    @Test("a head on both sides makes a space of its own")
    func bothSides() throws {
        let base = try encoder()
        let headed = try base.with(head: head(.lowRank), for: .both)
        #expect(headed.space != base.space && headed.ownSpace == base.space)
        #expect(try headed.encodeDocuments(Self.texts) == head(.lowRank)(base.encodeDocuments(Self.texts).view))
        #expect(try base.with(head: head(.linear), for: .both).space != headed.space)
    }

    @Test("an encoder whose queries lead into another space embeds no documents")
    func bridge() throws {
        let base = try encoder()
        let other = try base.adapted(by: TinyBERT.adapter()).space
        let bridge = try base.with(head: head(.linear), for: .query, into: other)
        #expect(bridge.space == other)
        #expect(try bridge.encodeQueries(Self.texts).rows == 3)
        let message = "queries are mapped into space \(other): this encoder embeds nothing else"
        #expect(errorMessage { try bridge.encodeDocuments(Self.texts) } == message)
        #expect(errorMessage { try bridge.encode(Self.texts) } == message)
        let cache = try TemporaryFolder()
        let caching = CachingTextEncoder(bridge, cache: VectorCache(folder: cache.path, byteLimit: 1 << 20))
        #expect(errorMessage { try caching.encodeDocuments(Self.texts) } == message)
    }

    @Test("documents below a head on queries are found where the base's are kept")
    func cached() throws {
        let folder = try TemporaryFolder()
        let cache = VectorCache(folder: folder.path, byteLimit: 1 << 20)
        let base = try encoder()
        _ = try CachingTextEncoder(base, cache: cache).encodeDocuments(Self.texts)
        #expect(try folder.files.count == 1)
        let headed = CachingTextEncoder(try base.with(head: head(.linear), for: .query), cache: cache)
        #expect(try headed.encodeDocuments(Self.texts) == base.encodeDocuments(Self.texts))
        #expect(try folder.files.count == 1)
        let both = CachingTextEncoder(try base.with(head: head(.linear), for: .both), cache: cache)
        #expect(try both.encodeDocuments(Self.texts) != base.encodeDocuments(Self.texts))
        #expect(try folder.files.count == 2)
    }

    @Test("refuses a head of another width, of another space, or for stored documents")
    func refuses() throws {
        let base = try encoder()
        let narrow = EmbeddingHead(identity: .linear, width: 8, inner: 0, seed: 0)
        #expect(
            errorMessage { try base.with(head: narrow, for: .query) }
                == "the head takes vectors of 8 numbers, the model gives 32")
        #expect(errorMessage { try base.with(head: head(.linear), for: .document) } != nil)
        let other = try base.adapted(by: TinyBERT.adapter()).space
        let folder = HeadFolder(head(.linear), side: .query, source: other, target: other, baseModel: nil)
        #expect(
            errorMessage { try base.with(head: folder) }
                == "the head is for vectors of space \(other), the model and its adapter give those of \(base.space)")
        #expect(try base.adapted(by: TinyBERT.adapter()).with(head: folder).head != nil)
    }

    @Test(
        "a model written with a head comes back with it", arguments: EmbeddingHead.Kind.allCases,
        [HeadSide.query, .both])
    func folders(kind: EmbeddingHead.Kind, side: HeadSide) throws {
        let place = try TemporaryFolder()
        let model = try ModelFolder(path: TinyBERT.path)
        let path = place.file("headed")
        try model.write(to: path, tail: head(kind).tail(for: side, normalizes: model.normalizes))
        let (base, read) = (try encoder(), try encoder(path))
        let made = try base.with(head: head(kind), for: side)
        #expect(read.head?.side == side)
        #expect(try distance(read.encodeQueries(Self.texts), made.encodeQueries(Self.texts)) < Self.tolerance)
        #expect(try distance(read.encodeDocuments(Self.texts), made.encodeDocuments(Self.texts)) < Self.tolerance)
        #expect(try distance(read.encode(Self.texts), made.encode(Self.texts)) < Self.tolerance)
        if side == .query { #expect(read.space == base.space) }
        #expect(
            errorMessage {
                try ModelFolder(path: path).write(
                    to: place.file("twice"), tail: ModelTail(query: [.normalize], document: [.normalize]))
            } == "\(path): another head behind that of the model is not implemented")
        // The types as sentence-transformers 6 writes them.
        for file in ["modules.json", "3_Router/router_config.json"] where FileSystem.isFile(path + "/" + file) {
            let text = try readText(path + "/" + file)
            let other = text.split(separator: "sentence_transformers.models.", omittingEmptySubsequences: false)
                .joined(separator: "sentence_transformers.base.modules.x.")
            try writeFile(other, to: path + "/" + file)
        }
        #expect(try encoder(path).space == read.space)
    }

    @Test("a model without normalisation keeps its documents, and its copy in a store keeps its head")
    func plainModel() throws {
        let raw = try TinyBERT.folder()
        try writeFile(
            #"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},"#
                + #"{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]"#,
            to: raw.path + "/modules.json")
        let model = try ModelFolder(path: raw.path)
        let place = try TemporaryFolder()
        try model.write(to: place.file("headed"), tail: head(.linear).tail(for: .query, normalizes: false))
        let (base, read) = (try encoder(raw.path), try encoder(place.file("headed")))
        #expect(try read.encodeDocuments(Self.texts) == base.encodeDocuments(Self.texts))
        #expect(try read.encodeQueries(Self.texts) == head(.linear)(base.encodeQueries(Self.texts).view))
        let installed = try ModelStore(folder: place.file("store")).install(
            from: place.file("headed"), as: "org/headed")
        #expect(try encoder(installed).encodeQueries(Self.texts) == read.encodeQueries(Self.texts))
    }

    @Test("refuses Routers and Dense modules that it does not implement, by name")
    func refusesFolders() throws {
        let place = try TemporaryFolder()
        let model = try ModelFolder(path: TinyBERT.path)
        func copy(_ name: String, _ file: String, _ change: (inout [String: JSONValue]) -> Void) throws -> String {
            let path = place.file(name)
            try model.write(to: path, tail: head(.linear).tail(for: .query, normalizes: true))
            var json = try JSONValue.read(path + "/3_Router/" + file).objectValue ?? [:]
            change(&json)
            try writeFile(JSONValue.object(json).serialized(), to: path + "/3_Router/" + file)
            return path
        }
        let dense = "query_0_Dense/config.json"
        for (index, (file, key, value, reason)) in [
            (
                dense, "activation_function", "torch.nn.modules.activation.Tanh",
                "a Dense module with the activation 'torch.nn.modules.activation.Tanh' is not implemented"
            ),
            (
                dense, "module_output_name", "other",
                "a Dense module whose 'module_output_name' is 'other' is not implemented"
            ),
            (dense, "out_features", 31, "tensor 'linear.weight' has shape [32, 32], [31, 32] expected"),
            (dense, "bias", false, "tensor 'linear.bias' has no place in this model"),
            (
                "router_config.json", "types", ["query_0_Dense": "x.Transformer"],
                "module 'Transformer' in a Router is not implemented"
            ),
            ("router_config.json", "types", ["../out": "x.Dense"], "a module lies outside of the model: '../out'"),
            (
                "router_config.json", "structure", ["query": ["nothing"]],
                "route 'query' names 'nothing', which has no type"
            ),
            (
                "router_config.json", "structure", ["query": [], "image": []],
                "a Router of the routes image, query is not implemented"
            ),
            (
                "router_config.json", "parameters", ["default_route": "query"],
                "a Router whose default route is 'query' is not implemented"
            ),
        ].enumerated() as EnumeratedSequence<[(String, String, JSONValue, String)]> {
            let path = try copy("m\(index)", file) { $0[key] = value }
            let message = try #require(errorMessage { try ModelFolder(path: path) })
            #expect(message.hasSuffix(": " + reason), "\(message)")
        }
    }
}
