public import Encoders
internal import Files

extension CachingTextEncoder: TextEmbedding {}
