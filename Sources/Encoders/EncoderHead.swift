public import Files
public import LowRank
internal import ModelFiles
internal import VectorMath

/// A head on an encoder, and where it leads.
public struct EncoderHead: Sendable {
    /// The map.
    public let head: EmbeddingHead
    /// What it maps: queries, or all texts.
    public let side: HeadSide
    /// The space that queries are mapped into; nil for the encoder's own, or for that which a head on both sides makes.
    public let target: SpaceIdentity?
}

extension TextEncoder {
    /// The same encoder with a head on it, instead of one that it may have.
    ///
    /// - Parameters:
    ///   - side: queries alone, or both; stored documents are mapped by the head itself.
    ///   - target: the space that queries are mapped into, where it is not this encoder's: documents are then not for this encoder
    ///     to embed, and it refuses them.
    public func with(
        head: EmbeddingHead, for side: HeadSide, into target: SpaceIdentity? = nil
    ) throws(EncodersError) -> TextEncoder {
        guard head.inputWidth == model.dimension else {
            throw .headWidth(head: head.inputWidth, encoder: model.dimension)
        }
        guard side != .document, side == .query || target == nil else { throw .unfitHead(side: side) }
        var copy = self
        copy.head = EncoderHead(head: head, side: side, target: target == ownSpace ? nil : target)
        return copy
    }

    /// The same encoder with the head of a folder on it.
    ///
    /// - Throws: `headSpace` where the head was made for the vectors of another encoder.
    public func with(head folder: HeadFolder) throws(EncodersError) -> TextEncoder {
        guard folder.source == ownSpace else { throw .headSpace(head: folder.source, encoder: ownSpace) }
        return try with(head: folder.head, for: folder.side, into: folder.target)
    }

    /// The same encoder without a head.
    public var withoutHead: TextEncoder {
        var copy = self
        copy.head = nil
        return copy
    }

    /// The head that a model's folder comes with.
    static func head(of folder: ModelFolder) throws(EncodersError) -> EncoderHead? {
        do throws(ModelFilesError) {
            func head(_ steps: [ModelTail.Step]) throws(ModelFilesError) -> EmbeddingHead? {
                try EmbeddingHead.head(
                    of: steps, width: folder.dimension, normalized: folder.normalizes, path: folder.path)
            }
            let (query, document) = (try head(folder.tail.query), try head(folder.tail.document))
            guard let query else {
                if document == nil { return nil }
                throw .unsupported(path: folder.path, what: "a head for documents alone")
            }
            guard document == nil || document == query else {
                throw .unsupported(path: folder.path, what: "one head for queries and another for documents")
            }
            return EncoderHead(head: query, side: document == nil ? .query : .both, target: nil)
        } catch {
            throw .model(error)
        }
    }

    /// What a text is encoded as.
    enum Role {
        case query, document, plain
    }

    /// Refuses what this encoder's space does not hold.
    func check(_ role: Role) throws(EncodersError) {
        if role != .query, let target = head?.target { throw .mapsQueriesOnly(into: target) }
    }

    /// The head of vectors, where it is for such texts.
    func headed(_ vectors: Matrix<Float>, _ role: Role) -> Matrix<Float> {
        guard let head, head.side == .both || role == .query else { return vectors }
        return head.head(vectors.view)
    }
}

extension EmbeddingHead {
    /// SHA-256 of the kind, the shapes and the values.
    public var digest: String {
        var hasher = SHA256Digest.Hasher()
        hasher.update(Array("\(kind.rawValue)\n".utf8))
        for matrix in matrices {
            hasher.update(Array("\(matrix.rows) \(matrix.columns)\n".utf8))
            for row in 0..<matrix.rows { matrix.row(row).withUnsafeBytes { hasher.update($0) } }
        }
        return hasher.finalize().hex
    }
}
