public import Files
public import LowRank
public import ModelFiles
public import Tokenization

/// What can be wrong with a model, an adapter or a text that came from outside.
public enum EncodersError: Error {
    /// The model's files could not be read.
    case model(ModelFilesError)
    /// The tokenizer could not be read.
    case tokenizer(TokenizationError)
    /// The adapter could not be read or does not fit its own configuration.
    case adapter(LowRankError)
    /// Modules of the adapter that the model does not have.
    case unknownModules([String], model: String)
    /// A matrix of the adapter has another shape than the layer that it changes.
    case adapterShape(module: String, matrix: String, expected: [Int], found: [Int])
    /// The tokenizer knows more tokens than the model has embeddings.
    case vocabularyMismatch(tokenizer: Int, model: Int, path: String)
    /// The hidden width is not a multiple of the number of heads.
    case headsDoNotDivide(width: Int, heads: Int, path: String)
    /// A length limit outside of what the model's positions allow.
    case invalidLength(found: Int, allowed: ClosedRange<Int>)
    /// A prompt that the model's configuration does not name.
    case unknownPrompt(String, known: [String])
    /// An adapter that is not among those of the encoder.
    case unknownAdapter(String, known: [String])
    /// A token id outside of the model's vocabulary, or a text longer than the model's positions.
    case invalidTokens(reason: String)
    /// A head of another width than the vectors.
    case headWidth(head: Int, encoder: Int)
    /// A head that was made for the vectors of another space.
    case headSpace(head: SpaceIdentity, encoder: SpaceIdentity)
    /// A head that an encoder cannot carry.
    case unfitHead(side: HeadSide)
    /// Documents, or texts that are neither, were given to an encoder whose queries are mapped into another space.
    case mapsQueriesOnly(into: SpaceIdentity)
    /// The task that waited for the vectors was cancelled.
    case cancelled
}

extension EncodersError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .model(let error): return error.description
        case .tokenizer(let error): return error.description
        case .adapter(let error): return error.description
        case .unknownModules(let names, let model):
            let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
            return "the adapter changes \(names.count) modules that \(model) does not have: \(shown)"
        case .adapterShape(let module, let matrix, let expected, let found):
            return "\(matrix) of the adapter's module \(module) has shape \(found), the model wants \(expected)"
        case .vocabularyMismatch(let tokenizer, let model, let path):
            return "\(path): the tokenizer has \(tokenizer) tokens, the model embeds only \(model)"
        case .headsDoNotDivide(let width, let heads, let path):
            return "\(path): a width of \(width) cannot be split into \(heads) attention heads"
        case .invalidLength(let found, let allowed):
            return "a maximum length of \(found) tokens is outside \(allowed.lowerBound)...\(allowed.upperBound)"
        case .unknownPrompt(let name, let known):
            let list = known.isEmpty ? "it has none" : "it has " + known.sorted().joined(separator: ", ")
            return "the model has no prompt \"\(name)\"; \(list)"
        case .unknownAdapter(let name, let known):
            let list = known.isEmpty ? "none is known" : "known: " + known.sorted().joined(separator: ", ")
            return "there is no adapter \"\(name)\"; \(list)"
        case .invalidTokens(let reason): return reason
        case .headWidth(let head, let encoder):
            return "the head takes vectors of \(head) numbers, the model gives \(encoder)"
        case .headSpace(let head, let encoder):
            return "the head is for vectors of space \(head), the model and its adapter give those of \(encoder)"
        case .unfitHead(let side):
            return "a head for the side '\(side.rawValue)' maps vectors that are stored already: no encoder carries it"
        case .mapsQueriesOnly(let target):
            return "queries are mapped into space \(target): this encoder embeds nothing else"
        case .cancelled: return "cancelled"
        }
    }
}
