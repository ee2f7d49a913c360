import { group } from '../command.ts';
import {
  defaultsCommand,
  draftCommand,
  grantCommand,
  presetsCommand,
  simulateCommand,
} from '../scope/drafts.ts';
import {
  acceptCommand,
  approveCommand,
  proposeCommand,
  receiveCommand,
  revokeCommand,
} from '../scope/life.ts';
import { answerCommand, limitCommand, requestCommand, requestsCommand } from '../scope/requests.ts';
import { rosterCommand } from '../scope/roster.ts';
import { diffCommand, listCommand, showCommand } from '../scope/views.ts';

/** `scope`: what a partner may learn. */
export function scopeCommand() {
  return group(
    'scope',
    'Sharing scopes: what a partner may learn. Without one in force, nothing. A scope is drafted, proposed and approved by your people, accepted by the partner’s, and holds until it is replaced, revoked or over.\n\nThe home with the keyring calls partners by the short names given there (borealis); a member’s home by their own names, in small letters with hyphens (borealis-security). An unknown name is answered with those that it knows.',
  )
    .addCommand(presetsCommand())
    .addCommand(draftCommand())
    .addCommand(defaultsCommand())
    .addCommand(simulateCommand())
    .addCommand(proposeCommand())
    .addCommand(approveCommand())
    .addCommand(acceptCommand())
    .addCommand(grantCommand())
    .addCommand(showCommand())
    .addCommand(listCommand())
    .addCommand(diffCommand())
    .addCommand(requestCommand())
    .addCommand(requestsCommand())
    .addCommand(answerCommand())
    .addCommand(limitCommand())
    .addCommand(revokeCommand())
    .addCommand(receiveCommand())
    .addCommand(rosterCommand());
}
