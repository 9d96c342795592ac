/// What can go wrong between this package and the disk.
///
/// Every case names the path; the description is one line that a person can act on.
public enum FilesError: Error, Equatable, Sendable {
    /// The file or folder is absent or may not be opened.
    case cannotOpen(path: String, reason: String)

    /// The file was opened, but the system failed to deliver its bytes.
    case cannotRead(path: String, reason: String)

    /// The bytes did not reach the disk; nothing is left behind.
    case cannotWrite(path: String, reason: String)

    /// The output exists and replacing it was not asked for.
    case alreadyExists(path: String)

    /// The content breaks the rules of its format. `line` counts from 1.
    case malformed(path: String, line: Int?, reason: String)

    /// The content is larger than the limit, both in bytes.
    case tooLarge(path: String, limit: Int, found: Int)

    /// Another process, or another part of this one, holds the lock.
    case locked(path: String)

    /// The file ends before its own header says it does, both in bytes.
    case truncated(path: String, expected: Int, found: Int)

    /// A value that the format cannot carry was to be written.
    case cannotEncode(path: String, reason: String)
}

extension FilesError: CustomStringConvertible {
    public var description: String {
        let text =
            switch self {
            case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
            case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
            case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
            case .alreadyExists(let path): "\(path) already exists: use --force to replace it"
            case .malformed(let path, let line?, let reason): "\(path):\(line): \(reason)"
            case .malformed(let path, nil, let reason): "\(path): \(reason)"
            case .tooLarge(let path, let limit, let found):
                "\(path) is too large: \(found) bytes, the limit is \(limit)"
            case .locked(let path): "\(path) is in use by another process"
            case .truncated(let path, let expected, let found):
                "\(path) is cut short: \(expected) bytes expected, \(found) found"
            case .cannotEncode(let path, let reason): "cannot write \(path): \(reason)"
            }
        return text.onOneLine
    }
}

extension String {
    /// The text with control characters written as `\u{…}`, so that a message made of outside data stays one line.
    package var onOneLine: String {
        guard unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7f {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
