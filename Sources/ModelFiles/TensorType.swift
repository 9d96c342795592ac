/// The element types of safetensors files, by the names that the format gives them. All are little-endian.
///
/// https://github.com/huggingface/safetensors#format
public enum TensorType: String, Sendable, CaseIterable {
    // In the order in which the reference implementation sorts tensors when it writes: by rising alignment.
    case boolean = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .boolean, .uint8, .int8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// The place in the order above.
    var rank: Int { TensorType.allCases.firstIndex(of: self)! }
}
