public import Files
public import LowRank
internal import ModelFiles
internal import VectorMath

extension TextEncoder {
    /// What document vectors of this encoder live in. Vectors of different spaces must not be compared.
    ///
    /// A digest of base weights, adapter, tokenizer, pooling, document prompt, normalisation and dimension. A head on queries
    /// does not move documents: it maps into this space, or into the one that it names. A head on both sides is a part of
    /// the digest.
    public var space: SpaceIdentity {
        guard let head else { return ownSpace }
        guard head.side == .both else { return head.target ?? ownSpace }
        return SpaceIdentity(parts: ownParts + [("head", head.head.digest)])
    }

    /// The space of the vectors before any head.
    public var ownSpace: SpaceIdentity { SpaceIdentity(parts: ownParts) }

    private var ownParts: [(String, String)] {
        identity + [("adapter", adapter?.digest ?? "none"), ("document prompt", documentPrompt)]
    }

    /// What reproduces the bytes of vectors: the space, precision, length limit, query prompt, instruction set and version. For the
    /// record; never a reason to refuse.
    public var recipe: String {
        documentRecipe + (head.map { $0.side == .query ? " query-head=\($0.head.digest)" : "" } ?? "")
    }

    /// What reproduces the bytes of document vectors: a head on queries has no part in it.
    var documentRecipe: String {
        "space=\(space.digest) precision=\(precision.rawValue) max-length=\(maxLength) query-prompt=\(quoted(queryPrompt)) "
            + "isa=\(InstructionSet.current.rawValue) version=\(attuneVersion)"
    }

    static func identity(
        of folder: ModelFolder, model: EmbeddingModel
    ) throws(EncodersError) -> [(String, String)] {
        do throws(ModelFilesError) {
            return [
                ("weights", try folder.weightsDigest().hex),
                ("tokenizer", try folder.tokenizerDigest().hex),
                ("pooling", model.pooling.modes.map(\.rawValue).joined(separator: "+")),
                ("pools prompt", "\(model.poolsPrompt)"),
                ("normalizes", "\(model.normalizes)"),
                ("dimension", "\(model.dimension)"),
            ]
        } catch {
            throw .model(error)
        }
    }

    private func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" ? "\\\"" : String($0) }.joined() + "\""
    }
}

extension LowRankAdapter {
    /// SHA-256 of the names, shapes, scalings and values of all modules and biases.
    public var digest: String {
        var hasher = SHA256Digest.Hasher()
        for (name, pair) in zip(names, pairs) {
            hasher.update(Array("\(name) \(pair.scaling.bitPattern)\n".utf8))
            for matrix in pair.matrices {
                hasher.update(Array("\(matrix.rows) \(matrix.columns)\n".utf8))
                for row in 0..<matrix.rows { matrix.row(row).withUnsafeBytes { hasher.update($0) } }
            }
        }
        for (name, values) in biases.sorted(by: { $0.key < $1.key }) {
            hasher.update(Array("\(name) \(values.count)\n".utf8))
            values.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finalize().hex
    }
}
